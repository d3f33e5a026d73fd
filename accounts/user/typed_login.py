"""What people type to say who they are: an e-mail address, or a login ID."""

from lib import addresses


def canonical(login: str) -> str:
    """The one spelling by which it is looked up and its tries are counted.

    A login ID is ASCII. In upper case a long s becomes "S" and a sharp s "SS": whoever typed one would find an account
    whose tries are counted under another name, and so see that it exists.
    """
    if "@" in addresses.tidied(login):
        return addresses.compared(login)
    login = login.strip()
    return login.upper() if login.isascii() else login
