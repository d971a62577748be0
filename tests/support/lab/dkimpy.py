"""dkimpy, with what it wants of python3-authres, which must be there before dkimpy is imported: whoever wants `dkim`
takes it from here."""

import sys
import types


class _Results:
    """As much of python3-authres as dkimpy asks for: methods without quoted strings."""

    def __init__(self, text):
        identifier, *methods = text.split(":", 1)[1].split(";")
        self.authserv_id = identifier.strip()
        self.results = [types.SimpleNamespace(method=name.strip(), result=rest.split()[0])
                        for name, _, rest in (method.partition("=") for method in methods)]

    @classmethod
    def parse(cls, text):
        return cls(text)


_authres = types.ModuleType("authres")
_authres.AuthenticationResultsHeader = _Results
_authres.core = types.SimpleNamespace(SyntaxError=SyntaxError)
sys.modules.setdefault("authres", _authres)

import dkim  # noqa: E402

__all__ = ["dkim"]
