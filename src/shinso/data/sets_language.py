"""The catalogue of data sets: text, sentence pairs, dialogues and questions.

Sizes and checksums are of the files at their homes; see `entry`.
"""

from __future__ import annotations

from urllib.parse import quote

from shinso.data.entry import DataSetEntry, SourceFile

_ENJA = (
    "https://raw.githubusercontent.com/odashi/small_parallel_enja/"
    "312408a11c5fbcbc09443bebb18121f7efdcd61e"
)
_WORD2VEC = "https://raw.githubusercontent.com/dav/word2vec/fb150971c2ac/data"
_WORD_SIM = (
    "https://raw.githubusercontent.com/mfaruqui/eval-word-vectors/"
    "94b3dd9fdbac7ed08dbee7179cd5ee464acf0594/data/word-sim"
)
_DIALOGUE = (
    "https://raw.githubusercontent.com/Ls-Dai/"
    "Deep-Reinforcement-Learning-for-Dialogue-Generation-in-PyTorch/bae51b16e3e8/data"
)
_BABI = "https://s3.amazonaws.com/text-datasets/babi_tasks_1-20_v1-2.tar.gz"
_CLASSICS = "https://raw.githubusercontent.com/mlschmitt/classic-books-markdown/944882722e9a"
_BOOKS = {
    "Adam Smith": ("The Wealth of Nations",),
    "Alexis de Tocqueville": ("Democracy in America",),
    "Charles Darwin": ("On the Origin of Species",),
    "David Hume": ("A Treatise of Human Nature",),
    "Frederick Jackson Turner": ("The Frontier in American History",),
    "Henry David Thoreau": (
        "A Week on the Concord and Merrimack Rivers",
        "Civil Disobedience",
        "Walden",
    ),
    "Herodotus": ("The Histories",),
    "John Stuart Mill": (
        "On Liberty",
        "The Subjection of Women",
    ),
    "Jonathan Swift": (
        "A Modest Proposal",
        "Gulliver's Travels",
    ),
    "Jules Verne": (
        "An Antarctic Mystery",
        "Around the Moon",
        "Around the World in 80 Days",
        "Five Weeks in a Balloon",
        "From the Earth to the Moon",
        "Journey to the Center of the Earth",
        "Robur the Conqueror",
        "The Mysterious Island",
        "Twenty Thousand Leagues Under the Sea",
    ),
    "Julius Caesar": ("Commentaries on the Gallic War",),
    "Karl Marx & Friedrich Engels": ("The Communist Manifesto",),
    "Mark Twain": (
        "A Connecticut Yankee in King Arthur's Court",
        "Adventures of Huckleberry Finn",
        "Life on the Mississippi",
        "Roughing It",
        "The Adventures of Tom Sawyer",
        "The Innocents Abroad",
        "The Prince and the Pauper",
    ),
    "Mary Kingsley": ("Travels in West Africa",),
    "Ralph Waldo Emerson": (
        "Essays",
        "Nature",
    ),
    "Ulysses S. Grant": ("Personal Memoirs of Ulysses S. Grant",),
    "Venerable Bede": ("Ecclesiastical History of the English People",),
}

SETS = (
    DataSetEntry(
        name="small_parallel_enja",
        kind="parallel",
        title="50,000 English-Japanese sentence pairs, tokenised (Tanaka Corpus)",
        licence="none stated (Tanaka Corpus: public domain, CC BY 2.0 FR)",
        may_ship_weights=True,
        splits="train 50,000, valid (dev) 500; test 500 where it is found",
        home="https://github.com/odashi/small_parallel_enja",
        apart=(
            "test.en",
            "test.ja",
        ),
        attribution="Tanaka Corpus, Tatoeba; small_parallel_enja by Y. Oda",
        reader="shinso.data.parallel:read_corpus",
        files=(
            SourceFile(
                "train.en",
                1_701_356,
                sha256="148b05dcd28638fe20ee84f2b1127001c80982be352007dda241fb759adadc76",
                url=f"{_ENJA}/train.en",
            ),
            SourceFile(
                "train.ja",
                2_784_447,
                sha256="fc81a1434349ec98a449d7ae9cd2530057f689637684ecfed3501ea6a8a07ecc",
                url=f"{_ENJA}/train.ja",
            ),
            SourceFile(
                "dev.en",
                17_054,
                sha256="04a2673449770657fd5e3b963cb856be3130923212b6db8ac7eaeef18f06c041",
                url=f"{_ENJA}/dev.en",
            ),
            SourceFile(
                "dev.ja",
                27_781,
                sha256="cd534f56b8639dc130f86a365e5ec0aa70042000bdd740a622fbbf8b6be4acca",
                url=f"{_ENJA}/dev.ja",
            ),
            SourceFile(
                "train.en.vocab.4k",
                30_025,
                sha256="afaf88e38434392981dbc2f0be1d7b9ab91caf5199e13f759b72ab5f423c8548",
                url=f"{_ENJA}/train.en.vocab.4k",
                optional=True,
            ),
            SourceFile(
                "train.ja.vocab.4k",
                31_009,
                sha256="07222c9b4682b90c674554556183cc8d8eb61897f4f62c0bedd6c26c665a947e",
                url=f"{_ENJA}/train.ja.vocab.4k",
                optional=True,
            ),
        ),
    ),
    DataSetEntry(
        name="numerals",
        kind="parallel",
        title="5,000 whole numbers in English and in Japanese words",
        licence="none: made by counting",
        may_ship_weights=True,
        splits="train 4,000 pairs, valid 500, test 500",
        reader="shinso.data.built_in:read_numerals",
    ),
    DataSetEntry(
        name="sentences",
        kind="text",
        title="5,000 sentences of a small grammar, 30 distinct words",
        licence="none: made by a grammar",
        may_ship_weights=True,
        splits="train 4,000 lines, valid 500, test 500",
        reader="shinso.data.built_in:read_sentences",
    ),
    DataSetEntry(
        name="wikitext2",
        kind="text",
        title="WikiText-2: Wikipedia articles, 2 million words, 33,278 distinct",
        licence="CC BY-SA 3.0",
        may_ship_weights=True,
        splits="train 2,088,628 tokens, valid 217,646, test 245,569",
        home="https://arxiv.org/abs/1609.07843",
        attribution=(
            "Wikipedia; S. Merity, C. Xiong, J. Bradbury, R. Socher: Pointer sentinel mixture "
            "models, 2016"
        ),
        note=(
            "The articles of train come in another order than in the original, whose public "
            "home is gone."
        ),
        reader="shinso.data.text:read_corpus",
        files=(
            SourceFile(
                "wikitext-2.zip",
                4_463_753,
                sha256="4de8072eac71f3fba1b0028c978b0f584807abde5c707999157bf9045b179d88",
                content="694b270d26465cf5be91cce2ef08aeeb7c18a83e4420289fa1581e0e0215c3f5",
                members=r"(train|valid|test)\.txt$",
            ),
        ),
    ),
    DataSetEntry(
        name="ptb",
        kind="text",
        title="Penn Treebank text for language models, 10,000 distinct words",
        licence="LDC text, research only",
        may_ship_weights=False,
        splits="train 929,589 tokens, valid 73,760, test 82,430",
        home="https://catalog.ldc.upenn.edu/LDC99T42",
        attribution="M. Marcus et al.: Treebank-3, LDC99T42; preparation by T. Mikolov",
        reader="shinso.data.text:read_corpus",
        files=(
            SourceFile(
                "ptb.zip",
                1_973_445,
                sha256="0f08a4ec1817edcc1681c66f2eeb07a473130de8445d790aef3a440cdeef52d0",
                content="64f40ffea534c4caf53e4f8f5eff6a760dd81e9a36d312cfb57e52a7d78ca9b5",
                members=r"ptb\.(train|valid|test)\.txt$",
            ),
        ),
    ),
    DataSetEntry(
        name="english_text",
        kind="text",
        title="36 English books, 23.7 MB",
        licence="public domain",
        may_ship_weights=True,
        splits="none of its own",
        home="https://github.com/mlschmitt/classic-books-markdown",
        note="One text made of 36 books of commit 944882722e9a; CONTENTS.tsv lists them.",
        reader="shinso.data.text:read_books",
        files=(
            SourceFile(
                "classic_books_en.txt.xz",
                6_065_552,
                sha256="e7f359e37bfb49b5f73fb4c6d13cd0a2675b4e217be1fa3467ec9b0b352979cf",
                content="61ba056d62ea9dcb39879c5a7660660ce9d1cadb8b5b569f2031d117acb46bdb",
                parts=tuple(
                    f"{_CLASSICS}/{quote(author)}/{quote(title)}.md"
                    for author, titles in _BOOKS.items()
                    for title in titles
                ),
                made_by="shinso.data.text:join_books",
            ),
            SourceFile(
                "CONTENTS.tsv",
                1_919,
                sha256="57adbf69c43086ed873c58eec1c11017dc43cfd12c75d83c7d53bb3d38df49b4",
                optional=True,
            ),
        ),
    ),
    DataSetEntry(
        name="word2vec_eval",
        kind="word-pairs",
        title=(
            "Analogies and word similarities: Google analogies, WordSim-353, SimLex-999, MEN "
            "and others"
        ),
        licence="Apache-2.0, CC BY, research only",
        may_ship_weights=False,
        splits="test only",
        home="https://github.com/mfaruqui/eval-word-vectors",
        attribution="T. Mikolov et al. 2013 (analogies); M. Faruqui, C. Dyer 2014 (collection)",
        files=(
            SourceFile(
                "EN-MEN-TR-3k.txt",
                53_593,
                sha256="888b13580faa362c7b11da0a670258cf1b1eb4bf0ecbcd418918729a3bd3f43a",
                url=f"{_WORD_SIM}/EN-MEN-TR-3k.txt",
            ),
            SourceFile(
                "EN-MTurk-771.txt",
                19_628,
                sha256="04dc297c9e86b6fa7cf8ef0e4ba2e2c8d3399ec68d92fb7a53c0b4aae27198b5",
                url=f"{_WORD_SIM}/EN-MTurk-771.txt",
            ),
            SourceFile(
                "EN-RG-65.txt",
                1_210,
                sha256="c243f3a91c3f5d8cf67f21a67f6fb80bde8b6bb060851a6a48e6f2d68ec98c9f",
                url=f"{_WORD_SIM}/EN-RG-65.txt",
            ),
            SourceFile(
                "EN-RW-STANFORD.txt",
                49_851,
                sha256="5108d54dfc746f44f9c3d7e31d2857c37cf71430bc1594175a61a3b89bb0ae1f",
                url=f"{_WORD_SIM}/EN-RW-STANFORD.txt",
            ),
            SourceFile(
                "EN-SIMLEX-999.txt",
                18_024,
                sha256="405394ffb7d25f6d0e3c041f87c9f27d29dc6b047506769953e85c4523b11685",
                url=f"{_WORD_SIM}/EN-SIMLEX-999.txt",
            ),
            SourceFile(
                "EN-WS-353-ALL.txt",
                7_405,
                sha256="ce12919b240af45bdf46d243601eaca2b6212b159b5e7e9b435ee7ee40c5619c",
                url=f"{_WORD_SIM}/EN-WS-353-ALL.txt",
            ),
            SourceFile(
                "EN-WS-353-REL.txt",
                5_134,
                sha256="66a7c88100624d0a391605ff61ce84e11d11ee620d51ec0298da49592838f8fa",
                url=f"{_WORD_SIM}/EN-WS-353-REL.txt",
            ),
            SourceFile(
                "EN-WS-353-SIM.txt",
                4_002,
                sha256="f1da938998863c94e53f72f984a5c6e215f0b46c323aae8f0f4930703a339107",
                url=f"{_WORD_SIM}/EN-WS-353-SIM.txt",
            ),
            SourceFile(
                "questions-phrases.txt",
                168_209,
                sha256="55cfc0894d0fe6cf974d106da3e09b5fb2fa6125b6ddc633d06e298dc5aa7901",
                url=f"{_WORD2VEC}/questions-phrases.txt",
            ),
            SourceFile(
                "questions-words.txt",
                603_955,
                sha256="8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
                url=f"{_WORD2VEC}/questions-words.txt",
            ),
        ),
    ),
    DataSetEntry(
        name="dailydialog",
        kind="dialogue",
        title="DailyDialog: 13,118 English dialogues with acts and emotions",
        licence="CC BY-NC-SA 4.0",
        may_ship_weights=False,
        splits="train 11,118, valid 1,000, test 1,000",
        home="http://yanran.li/dailydialog",
        attribution=(
            "Y. Li et al.: DailyDialog: a manually labelled multi-turn dialogue dataset, "
            "IJCNLP 2017"
        ),
        files=(
            SourceFile(
                "train.zip",
                2_059_812,
                sha256="6191257f8250da0e045bfd1d017645e15b2358df975ec4c5c431a5a1f99662a4",
                url=f"{_DIALOGUE}/train.zip",
            ),
            SourceFile(
                "validation.zip",
                191_273,
                sha256="f068cf7526a56ab5f26e99b74ce9edbc2766f7b060a3c6cef035920b0dd28153",
                url=f"{_DIALOGUE}/validation.zip",
            ),
            SourceFile(
                "test.zip",
                188_867,
                sha256="5f9526a5ce4b8af4ca237aa3ff38cbf03becbc596c70b0974d7f5f9af2ea0615",
                url=f"{_DIALOGUE}/test.zip",
            ),
            SourceFile(
                "readme.txt",
                1_104,
                sha256="e539c4d2b5a5740651444bfed5218247795d43bb3397f85e4fffa0d7fda1d3f0",
                url=f"{_DIALOGUE}/readme.txt",
                optional=True,
            ),
        ),
    ),
    DataSetEntry(
        name="babi",
        kind="babi",
        title="bAbI tasks 1 to 20, English, 1,000 and 10,000 questions a task",
        licence="CC BY 3.0",
        may_ship_weights=True,
        splits="train and test of each task; valid is 10% of train",
        home="https://research.facebook.com/downloads/babi/",
        attribution="J. Weston et al.: Towards AI-complete question answering, 2015 (Facebook)",
        note="en-10k/qa3 train does not count for the checksum: some packings lack it.",
        files=(
            SourceFile(
                "babi_tasks_1-20_v1-2_en.tar.gz",
                2_996_126,
                content="c67cdb1fed667ed8fb23ade9629e8ceba9a555799dd04303619a32a2febb3693",
                members=r"\b(en/|en-10k/(?!qa3_[a-z-]+_train))qa\d+_[a-z-]+_(train|test)\.txt$",
                url=_BABI,
            ),
        ),
    ),
)
