"""A user's names held against the names of the screening list: candidates with a score, and never a verdict.

Names are written in Latin letters first (anyascii), and taken as words. Words that every other company has
say little, and legal forms next to nothing: a word weighs by how rare it is on the list. Which listed names
are looked at is decided by the beginnings, the endings and the consonants of words, so that a typing mistake
hides a name only if it is in each of them.
"""

import heapq
import math
import re
from collections import Counter, defaultdict

COLUMNS = {
    "row_number": "bigint",
    "candidate_rank": "bigint",
    "list_code": "varchar",
    "party_key": "varchar",
    "matched_name": "varchar",
    "is_alternative_name": "boolean",
    "score": "double",
    "match_kind": "varchar",
    "country_agrees": "boolean",
}
# Candidates per name that are scored, and that are shown.
SCORED, SHOWN = 30, 3
MOST_LOOKED_AT = 1_000
LEGAL_WEIGHT = 0.05
# Words that are less alike are different words.
LEAST_WORD_RATIO = 78
# Names from different countries have to be so much more alike.
COUNTRY_HANDICAP = 7


def words_of(name):
    """The words of a name in lower case and Latin letters: Электроника and Elektronika are the same."""
    from anyascii import anyascii

    return re.findall(r"[a-z0-9]+", anyascii(name).lower().replace("'", ""))


def keys_of(word):
    """By what a word is found: itself when short, else its beginning, its ending and its consonants."""
    if len(word) < 4:
        return {word}
    consonants = re.sub(r"(.)\1+", r"\1", word[0] + re.sub("[aeiouyhw]", "", word[1:]))
    return {word[:4], f"-{word[-4:]}", f"~{consonants[:6]}"}


class Listed:
    """The names of a list, with what is needed to find one of them."""

    def __init__(self, names, legal_forms):
        """`names` are rows (list, party, name, is it another name, countries); `legal_forms` are words."""
        self.names = list(names)
        self.legal_forms = frozenset(legal_forms)
        self.words = [words_of(row[2]) for row in self.names]
        self.joined = [" ".join(sorted(words)) for words in self.words]
        frequency = Counter(word for words in self.words for word in set(words))
        self.weights = {word: self._weight(word, count) for word, count in frequency.items()}
        self.places = defaultdict(list)
        for place, words in enumerate(self.words):
            for key in {key for word in words for key in keys_of(word)}:
                self.places[key].append(place)

    def _weight(self, word, count):
        rarity = math.log(1 + len(self.names) / (1 + count))
        return rarity * (LEGAL_WEIGHT if word in self.legal_forms else 1)

    def weight(self, word):
        return self.weights.get(word) or self._weight(word, 0)

    def near(self, words):
        """Places of the names that share most of what is rare about some words."""
        shared = {}
        looked_at = 0
        keys = sorted({key for word in words for key in keys_of(word)})
        for found in sorted((self.places.get(key, ()) for key in keys), key=len):
            # The rarest come first; what thousands share tells nothing apart.
            if looked_at > MOST_LOOKED_AT and looked_at + len(found) > 2 * MOST_LOOKED_AT:
                break
            looked_at += len(found)
            rarity = math.log(1 + len(self.names) / (1 + len(found)))
            for place in found:
                shared[place] = shared.get(place, 0.0) + rarity
        return heapq.nlargest(SCORED, shared, key=lambda place: (shared[place], -place))

    def score(self, words, joined, place):
        """0 to 100: how much of the weight of both names has its like in the other one."""
        from rapidfuzz import fuzz

        listed = self.words[place]
        whole = fuzz.ratio(joined, self.joined[place])
        best_here = dict.fromkeys(words, 0.0)
        best_there = dict.fromkeys(listed, 0.0)
        for word in best_here:
            for other in best_there:
                if alike := fuzz.ratio(word, other, score_cutoff=LEAST_WORD_RATIO):
                    best_here[word] = max(best_here[word], alike)
                    best_there[other] = max(best_there[other], alike)
        covered = [
            sum(self.weight(word) * alike for word, alike in best.items() if alike)
            / sum(map(self.weight, best))
            for best in (best_here, best_there)
        ]
        # A name that leaves words out is still that name; what it adds may make it another one.
        return max(0.6 * covered[0] + 0.4 * covered[1], whole)


def kind_of(words, listed):
    if words == listed:
        return "exact"
    return "word_order" if sorted(words) == sorted(listed) else "similar"


def candidates(listed, name, country, threshold):
    """The parties that a name may be, best first: rows as COLUMNS says, from the rank on."""
    words = words_of(name)
    if not words:
        return []
    joined = " ".join(sorted(words))
    best = {}
    for place in listed.near(words):
        list_code, party_key, matched, is_alternative, countries = listed.names[place]
        agrees = country in countries.split(";") if country and countries else None
        score = listed.score(words, joined, place)
        if score < threshold + (COUNTRY_HANDICAP if agrees is False else 0):
            continue
        kind = kind_of(words, listed.words[place])
        row = (list_code, party_key, matched, is_alternative, round(score, 1), kind, agrees)
        order = (score, not is_alternative, matched)
        if (list_code, party_key) not in best or order > best[list_code, party_key][0]:
            best[list_code, party_key] = (order, row)
    ranked = sorted(best.values(), key=lambda found: (-found[0][0], found[1][0], found[1][1]))[:SHOWN]
    return [(rank, *row) for rank, (_, row) in enumerate(ranked, start=1)]


def model(dbt, session):
    """One row per candidate for a name of the user's file, against the list as last seen."""
    dbt.config(materialized="table")
    asked = dbt.ref("stg_control_lists__parties")
    listed = dbt.ref("screened_party")
    parameters = dbt.ref("export_control_parameter")
    countries = dbt.ref("partner_alias")
    partners = dbt.ref("partner")
    legal_forms = dbt.ref("legal_form")
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    session.execute(f"create or replace temp table party_candidates ({columns})")
    names = asked.project("row_number, party_name, country").order("row_number").fetchall()
    if names:
        ((threshold,),) = parameters.filter("parameter_id = 'screening_score'").project("value").fetchall()
        iso2 = dict(partners.filter("iso2 is not null").project("partner_code, iso2").fetchall())
        known = {alias: iso2.get(code) for alias, code in countries.project("alias, partner_code").fetchall()}
        known |= {code: code for code in iso2.values()}
        parties = (
            listed.filter("valid_to is null")
            .project("list_code, party_key, party_name, alt_names, replace(countries, ' ', '')")
            .order("list_code, party_key")
        )
        listed_names = [
            (list_code, key, name, is_alternative, places or "")
            for list_code, key, own, others, places in parties.fetchall()
            for is_alternative, name in [
                (False, own),
                *((True, other.strip()) for other in (others or "").split(";") if other.strip()),
            ]
        ]
        current = Listed(listed_names, (word for (word,) in legal_forms.project("word").fetchall()))
        rows = [
            (row_number, *candidate)
            for row_number, name, country in names
            for candidate in candidates(current, name, known.get((country or "").upper()), threshold)
        ]
        if rows:
            import pandas as pd

            # Row by row, ten thousand inserts take longer than the matching.
            session.register("found", pd.DataFrame(rows, columns=list(COLUMNS)))
            session.execute("insert into party_candidates select * from found")
    return session.table("party_candidates")
