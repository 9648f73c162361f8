using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>
/// How prompts share their beginnings: a request either brings content of its own, or comes back to what
/// one of the requests before it was about. It then has that request's prompt length and opens with the
/// same blocks. What is read often is come back to often, so popularity grows by itself.
/// </summary>
/// <param name="BlockTokens">Tokens of a prefix block; shorter prompts share nothing.</param>
/// <param name="Share">Share of prompts of at least one block that come back, 0 to 1.</param>
/// <param name="Window">How many such requests back they reach.</param>
/// <param name="SharedFraction">Part of the blocks that are the same, 0 to 1.</param>
public sealed record PrefixSpec(int BlockTokens, double Share, int Window, double SharedFraction)
{
    public void Check(string name)
    {
        if (BlockTokens is < 1 or > 1_000_000 || !(Share is >= 0 and <= 1) || Window is < 1 or > 10_000_000
            || !(SharedFraction is >= 0 and <= 1))
        {
            throw new BadInputException(
                $"{name}: prefix; expected blockTokens and window of at least 1, share and "
                + $"sharedFraction from 0 to 1");
        }
    }
}
