namespace Plimsoll.Engine.LlamaCpp;

/// <summary>A token that a step drew, and whose it is.</summary>
record struct DrawnToken(Sequence Sequence, AnswerToken Token);
