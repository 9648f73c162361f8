namespace Plimsoll.Core.Scheduling;

/// <summary>A run of prompt tokens that one step computes for one request.</summary>
/// <param name="Request">Whose.</param>
/// <param name="Start">Tokens whose KV exists before the step.</param>
/// <param name="Tokens">New tokens.</param>
/// <param name="CachedTokens">Tokens of the request that the prefix cache gave; the same in each
/// of its chunks.</param>
/// <param name="EndsPrompt">Whether the step yields the request's next token.</param>
/// <param name="PrefixNode">Deepest prefix node that the request holds; negative when it holds none.</param>
/// <param name="Cohort">The cohort that the request decodes in once its prompt has ended.</param>
public readonly record struct PrefillChunk(
    RequestId Request, int Start, int Tokens, int CachedTokens, bool EndsPrompt, int PrefixNode, int Cohort);
