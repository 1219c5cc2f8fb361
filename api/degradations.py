"""What the names in `degraded` mean, in a sentence each; the page has the same sentences in `words.js`."""

DEGRADATIONS = {
    "language": "The search model does not know this language, so passages were found mainly by their words.",
    "model_failed": "A model failed, so sentences are quoted word for word or the answer ends early.",
    "passages_dropped": "Not all passages fitted into the model.",
    "answer_cut": "The answer was too long for the model; its last sentence is missing.",
    "answer_broken_off": "The model broke off before its answer was complete.",
    "answer_repaired": "Sentences that their citations did not support were written anew.",
    "addresses_removed": "Web or mail addresses that no cited passage holds were taken out.",
    "unsupported_sentences_removed": "Sentences that their citations do not support were left out.",
    "documents_withdrawn": "A document was withdrawn meanwhile, and nothing more was shown.",
    "documents_disagree": "The documents do not agree with each other; both sides are quoted.",
}
