"""The people of the demo. Data only: settings name them for the sign-in page, demo_people.py makes their accounts."""

from typing import NamedTuple

PASSWORD = "Sallyport-demo-1"  # noqa: S105 - printed at the start of the demo


class Person(NamedTuple):
    """Somebody to try the product as."""

    email: str
    name: str
    country: str
    role: str  # in Alpina Media SA, "" for support staff
    note: str


PEOPLE = (
    Person("lena@alpina.example", "Lena Moser", "CH", "member", "member, lives in Switzerland"),
    Person("olivier@alpina.example", "Olivier Tissot", "FR", "member", "member, lives in France"),
    Person("maria@alpina.example", "María Soto", "PT", "member", "member, lives in Portugal"),
    Person("francesca@alpina.example", "Francesca Rinaldi", "CH", "legal_representative", "legal representative"),
    Person("jonas@alpina.example", "Jonas Wüthrich", "CH", "administrator", "administrator"),
    Person("dmitri@studio.example", "Dmitri Kovač", "DE", "external", "external member"),
    Person("nadia@sallyport.example", "Nadia Keller", "CH", "", "support staff"),
    Person("marc@sallyport.example", "Marc Dubois", "CH", "", "support staff"),
)
