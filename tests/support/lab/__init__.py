"""The lab: real mail and name servers on loopback, started and ended by the tests that use them.

Nothing here needs an installed mail server, touches /etc, or listens on anything but 127.0.0.1. Every process
is started by the lab and ended by its process id; every port is reserved for as long as the lab lives.
"""
