namespace Plimsoll.Engine.LlamaCpp;

/// <summary>Tokens that a step computes for one request.</summary>
/// <param name="Sequence">Whose.</param>
/// <param name="To">Tokens of it that have KV afterwards, without drafts.</param>
/// <param name="WantsToken">Whether the step yields its next token.</param>
/// <param name="Planned">New tokens as the scheduler planned them.</param>
/// <param name="Drafts">Tokens guessed after the last one, checked along.</param>
readonly record struct StepWorkItem(
    Sequence Sequence, int To, bool WantsToken, int Planned, int[]? Drafts = null);
