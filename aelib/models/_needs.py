"""What people want an autoencoder for, in the order in which docs/choosing.md answers."""

NEEDS = {
    "compress": "Say an item in few numbers, and get it back",
    "denoise": "Clean what is noisy or has gaps",
    "features": "Find numbers that mean something, for a map, a classifier, a search",
    "generate": "Make new items",
    "disentangle": "Have one number for one cause",
    "restore": "Undo damage: more pixels, filled holes, colours",
    "segment": "Cut the thing out of its ground",
    "anomalies": "See what does not belong",
    "recommend": "Guess what is not there: ratings, gaps in a table",
}
