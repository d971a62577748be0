"""An SMTP client that can be any client: XCLIENT sets its address, name and login."""

import re
import smtplib
from dataclasses import dataclass

RECIPIENT = "user@lab.example"


@dataclass
class Reply:
    """The answer that ended the transaction, and the queue id that it names (empty where it names none)."""

    code: int
    text: str

    @property
    def queue_id(self):
        # Postfix and Sendmail name the id when they accept; a refusal names it as the milter writes it.
        for pattern in (r"queued as (\w+)", r"\b(\w+) Message accepted", r"\(id (\w+)\)"):
            found = re.search(pattern, self.text)
            if found:
                return found.group(1)
        return ""


def send(port, message, *, mail_from="", helo="client.example", ip=None, login=None, recipient=RECIPIENT,
         smtputf8=False, timeout=120):
    """Sends `message` (octets with CRLF line ends, sent as they are) and gives the reply that ended it."""
    client = smtplib.SMTP("127.0.0.1", port, local_hostname="lab-client", timeout=timeout)
    try:
        if ip or login:
            _become(client, ip, login)
        client.ehlo(helo)
        options = ["SMTPUTF8", "BODY=8BITMIME"] if smtputf8 else ["BODY=8BITMIME"]
        client.command_encoding = "utf-8" if smtputf8 else "ascii"
        # smtplib's own mail() would read and rewrite the address.
        code, text = client.docmd("MAIL", f"FROM:<{mail_from}> {' '.join(options)}")
        if code == 250:
            code, text = client.rcpt(recipient)
        if code == 250:
            code, text = client.data(message)
        return Reply(code, text.decode("utf-8", "replace"))
    except smtplib.SMTPResponseException as error:
        return Reply(error.smtp_code, error.smtp_error.decode("utf-8", "replace"))
    finally:
        client.close()


def _become(client, ip, login):
    client.ehlo()
    attributes = []
    if ip:
        attributes += [f"ADDR={'IPV6:' + ip if ':' in ip else ip}", "NAME=[UNAVAILABLE]"]
    if login:
        attributes.append(f"LOGIN={login}")
    code, text = client.docmd("XCLIENT", " ".join(attributes))
    if code != 220:
        raise smtplib.SMTPResponseException(code, text)
