"""Made-up names of people and companies, by region, from ordinary given and family names. Draws nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["HOSTILE_ACCOUNTS", "NAMES", "Names", "plain"]


@dataclass(frozen=True)
class Names:
    """A company is `starts` + `ends`, then one of `trades`."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    trades: tuple[str, ...]


def _names(given: str, family: str, starts: str, ends: str, trades: str) -> Names:
    given_names, family_names, first_parts, last_parts = (
        tuple(words.split()) for words in (given, family, starts, ends)
    )
    return Names(given_names, family_names, first_parts, last_parts, tuple(trades.split(", ")))


NAMES: Mapping[str, Names] = {
    "DACH": _names(
        "Anna Lukas Sophie Jonas Katharina Felix Miriam Tobias Lea Florian Ayşe Stefan Henrike Mehmet Ursula Dominik"
        " Svenja Matthias Renate Emil Jana Georg Franziska Milan Beate Niklas",
        "Müller Schade Huber Wagner Tesch Brunner Öztürk Vogel Keller Lindner Gruber Hofmann Schwarz Yildiz Baumann"
        " Steiner Frey Kühn Lorenz Petersen Nowak Winkler Zimmermann Arnold Reuter Böhm",
        "Nord Alster Inn Glarn Morgen Silber Falken Linden Stein Rosen Eichen Wald Berg See Tauber Fulda Isar Elb Ober"
        " Hohen Grün Kron Birken Salz",
        "tal bogen feld rot au hof bach stein horn mark ried wies egg hafen furt loh werder"
        " brunn thal born heim kamp rode moos",
        "Logistik GmbH, Großhandel KG, Werke AG, Lebensmittel GmbH, Pharma AG, Technik GmbH, Versand GmbH, Handel AG,"
        " Lager GmbH, Gruppe",
    ),
    "UK & Ireland": _names(
        "Oliver Amelia Harry Priya Jack Niamh George Isla Aoife Thomas Grace Imran Charlotte Callum Zara Edward Ruby"
        " Conor Hannah Kwame Eleanor Rhys Fiona Samuel Leila Duncan",
        "Smith Patel Murphy Taylor O'Brien Khan Evans Walker Hughes Okafor Campbell Bennett Byrne Wright Shah Foster"
        " Doyle Marsh Price Ahmed Reid Clarke Gallagher Hall Whitfield Barnes",
        "Ash Kings Harbour Oak West Marl Black Thorn Ever Lang Stan Wood Pen Hart Brack Silver Whit North Cross Fen Elm"
        " Hazel Raven Mill",
        "field ford bridge brook ley wick ham mere gate view dale combe worth stead haven moor",
        "Logistics Ltd, Wholesale Ltd, Foods plc, Works Ltd, Distribution Ltd, Supply Ltd, Retail Group, Pharma Ltd,"
        " Stores plc, Trading Ltd",
    ),
    "Nordics": _names(
        "Lars Ingrid Mikkel Freja Aino Elias Astrid Søren Maja Oskar Sigrid Jari Linnea Henrik Tuuli Nils Signe Anders"
        " Ebba Kaisa Emil Runa Tove Mads Solveig Johan",
        "Hansen Lindqvist Virtanen Johansson Krogh Nieminen Dahl Bergström Sørensen Korhonen Lund Åkesson Holm Nyberg"
        " Rasmussen Laine Haugen Sjöberg Madsen Eklund Østby Salo Friis Nordin Vik Strand",
        "Fjell Sol Vik Björk Nord Lille Hav Sten Ask Stor Gran Ryd Sund Mel Ek Tor Lax Myr Alm Halv Tind Brat Kval Rim",
        "vik dal holm mark stad lund berg sund näs ås fors by strand gård haug vang",
        "Logistik AB, Mat AS, Handel A/S, Industri AB, Frakt Oy, Pharma A/S, Lager AB, Varer AS, Gruppen, Teknik AB",
    ),
    "Benelux & France": _names(
        "Camille Daan Louis Sanne Chloé Bram Hugo Lotte Manon Thijs Jules Fatima Élise Pieter Inès Ruben Antoine Femke"
        " Mathilde Youssef Noémie Joost Clément Wout Salomé Karim",
        "Dubois Vries Lambert Jansen Rousseau Bakker Moreau Peeters Lefèvre Visser Girard Maes Benali Mercier Smits"
        " Fontaine Claes Garnier Meijer Chevalier Willems Perrin Dekker Haddad Renard Wouters",
        "Clair Bel Mont Val Haute Beau Rive Saint Noir Grand Roche Port Oost Water Duin Zuid Vlas Meer Font Lys Orme"
        " Cour Char Vert",
        "font mont ville bois lac pré champ rive dam dijk veld kerke court val mer brug",
        "Logistique SA, Distribution SAS, Logistiek BV, Groothandel BV, Aliments SA, Industries SA, Transport NV,"
        " Pharma SA, Magasins SAS, Groep",
    ),
    "Southern Europe": _names(
        "Giulia Marco Lucía Diogo Chiara Alejandro Francesca Tiago Martina Pablo Elena Matteo Carmen Rui Sara Javier"
        " Beatriz Lorenzo Marta Andrea Inés Paolo Nuria Gonçalo Silvia Hugo",
        "Rossi García Silva Ferrari Martínez Bianchi López Santos Romano Fernández Colombo Ruiz Ferreira Greco Navarro"
        " Conti Moreno Costa Ricci Torres Marino Ortega Almeida Gallo Vidal Serra",
        "Castel Ponte Monte Valle Porto Terra Sol Bella Roca Mar Alta Fuente Villa Campo Riva Torre Pino Oliv Luna"
        " Costa Prado Sierra Lago Fiore",
        "nova verde chiaro blanca alto mare sole franco rosa largo forte dorada lungo bravo sano real",
        "Logistica Srl, Distribución SL, Alimentari SpA, Industrias SA, Ingrosso Srl, Transportes SL, Farma SpA,"
        " Almacenes SA, Gruppo, Comercial Lda",
    ),
    "North America": _names(
        "Emily Jacob Maria Ethan Aaliyah Michael Sofia Tyler Mei Daniel Jasmine Carlos Hannah Andre Olivia Ryan"
        " Priscilla Noah Keisha Logan Diana Wei Samantha Brandon Chantal Rafael",
        "Johnson Nguyen Williams Ramirez Brown Chen Davis Washington Miller Tremblay Lee Anderson Rivera Thompson Kim"
        " Jackson Singh Roy Martin Coleman Baker Gagnon Perez Hughes Carter Sullivan",
        "Blue Cedar Lake Stone Iron Maple River Eagle Prairie Summit Copper Bright High Long Pine Granite Clear Bay"
        " Canyon Timber Grand Union Harvest Frontier",
        "ridge ton wood port crest point land field view creek way side line gate rock ford",
        "Logistics Inc, Foods Inc, Supply Co, Manufacturing LLC, Wholesale Inc, Distribution LLC, Pharma Inc, Retail"
        " Co, Freight Inc, Group",
    ),
}

# Names as hostile people write them into a form: a formula, a tag, an image that would be fetched.
HOSTILE_ACCOUNTS = (
    '=HYPERLINK("https://evil.example","Open")',
    "<img src=x onerror=alert(1)> Logistics",
    "![pixel](https://tracker.example/p.png) **Bold** & Sons",
)

_WITHOUT_DECOMPOSITION = str.maketrans({"ø": "o", "ß": "ss", "æ": "ae", "'": "", " ": "-"})


def plain(name: str) -> str:
    """A name as it stands in an address: lower-case ASCII."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(_WITHOUT_DECOMPOSITION))
    return folded.encode("ascii", "ignore").decode()
