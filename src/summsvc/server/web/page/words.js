// What warnings and errors mean, in words.

export const WARNINGS = {
  BOILERPLATE_REMOVED: "Left out as noise",
  LANGUAGE_UNCERTAIN: "Language uncertain",
  LANGUAGE_MISMATCH: "Looks like another language",
  SEGMENT_SPLIT: "Translated in parts",
  OUTPUT_TRUNCATED: "May be incomplete",
  REPETITION: "Repeats itself",
  LENGTH_RATIO: "Unusual length",
  UNTRANSLATED: "Not translated",
  WRONG_SCRIPT: "Wrong alphabet",
  NUMBER_LOST: "A number is missing",
  TERM_LOST: "A term or address is missing",
  EMPTY_OUTPUT: "The model gave no text",
  UNSUPPORTED_CLAIM: "Not in the article",
  GLOSSARY_NOT_APPLIED: "Glossary entry not used",
  RETRIED: "Translated again",
  PIVOT: "Translated through another language",
  SHORT_ARTICLE: "Short article",
  LENGTH_NOT_MET: "Length not met",
  WRONG_LANGUAGE: "Wrong language",
  BRACKETS_LOST: "Text in brackets is missing",
  MODEL_BROKEN: "Model cannot be used",
  ATTEMPTS_CUT: "Fewer attempts than usual",
  PAGE_FURNITURE_REMOVED: "Parts around the article left out",
  PAGE_WITHOUT_ARTICLE: "The page has no article",
  ENCODING_REPAIRED: "Wrong characters repaired",
  ENCODING_DOUBTFUL: "Characters look wrong",
  OTHER_LANGUAGE_PART: "Part in another language",
  CODE_REMOVED: "Code left out",
};

// Warnings that only inform; all others ask for a look at the text.
const QUIET = new Set([
  "BOILERPLATE_REMOVED", "PAGE_FURNITURE_REMOVED", "CODE_REMOVED", "RETRIED", "PIVOT",
  "SHORT_ARTICLE", "ENCODING_REPAIRED",
]);

export const kind = (warning) => (warning.type ?? "").replace("WARNING_TYPE_", "");
export const isQuiet = (warning) => QUIET.has(kind(warning));
export const label = (warning) => WARNINGS[kind(warning)] ?? "Needs attention";

const ERRORS = {
  MODEL_NOT_INSTALLED: "A model is missing",
  MODEL_LOADING: "The model is still loading",
  MODEL_BROKEN: "The model cannot be used",
  EMPTY_ARTICLE: "There is no text yet",
  TEXT_TOO_LONG: "The text is too long",
  LANGUAGE_UNDETERMINED: "The language could not be identified",
  LANGUAGE_UNKNOWN: "This language is not known",
  UNSUPPORTED_PAIR: "No model translates this pair",
  OVERLOADED: "The server is busy",
  CALLER_LIMIT: "You have reached your limit",
  DRAINING: "The server is shutting down",
  NO_CONNECTION: "No connection to the server",
  DEADLINE: "It took too long",
};

export const errorTitle = (details) => ERRORS[details.reason] ?? "The request was refused";
