"""seq2seq-attention: a recurrent net that looks back at the sentence for each word it writes."""
