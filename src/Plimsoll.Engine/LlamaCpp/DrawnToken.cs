namespace Plimsoll.Engine.LlamaCpp;

/// <summary>A token that a step drew, and whose it is.</summary>
/// <param name="Text">What it adds to the answer; null where nothing depends on it but the reader, so that
/// whoever hands it over finds it.</param>
readonly record struct DrawnToken(
    Sequence Sequence, ChosenToken Chosen, string? Text, FinishReason Finish);
