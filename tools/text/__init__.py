"""Reading text: tokens, mentions of drugs and diseases, claim cues, profiles."""
