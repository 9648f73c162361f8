namespace Plimsoll.Engine.LlamaCpp;

/// <summary>Tokens that a step computes for one request.</summary>
/// <param name="Sequence">Whose.</param>
/// <param name="To">Tokens of it that have KV afterwards, without drafts.</param>
/// <param name="WantsToken">Whether the step yields its next token.</param>
/// <param name="Planned">New tokens as the scheduler planned them.</param>
/// <param name="MostDrafts">Tokens after the last one that may be guessed and checked along.</param>
readonly record struct StepWorkItem(
    Sequence Sequence, int To, bool WantsToken, int Planned, int MostDrafts = 0)
{
    /// <summary>Where its drafts lie among the step's.</summary>
    public int FirstDraft { get; init; }

    /// <summary>Drafts that it has: fewer than the most where nothing is known.</summary>
    public int Drafts { get; init; }
}
