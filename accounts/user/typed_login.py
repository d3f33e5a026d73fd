"""What people type to say who they are: an e-mail address, or a login ID."""


def canonical(login: str) -> str:
    """The one spelling by which it is looked up and its tries are counted.

    A login ID is ASCII. In upper case a long s becomes "S" and a sharp s "SS": whoever typed one would find an account
    whose tries are counted under another name, and so see that it exists.
    """
    login = login.strip()
    if "@" in login:
        return login.lower()
    return login.upper() if login.isascii() else login
