namespace Plimsoll.Planning.Workloads.Families;

/// <summary>
/// How prompts share their beginnings: a share of requests opens with one of many documents of Zipf
/// popularity and then goes its own way; the others are alone.
/// </summary>
/// <param name="BlockTokens">Tokens of a prefix block.</param>
/// <param name="Share">Share of requests that reuse a document.</param>
/// <param name="Documents">Documents there are.</param>
/// <param name="ZipfExponent">Popularity of the r-th document is proportional to 1/r to this power.</param>
/// <param name="SharedFraction">Part of a reusing prompt that is the document, 0 to 1.</param>
public sealed record PrefixSpec(
    int BlockTokens, double Share, int Documents, double ZipfExponent, double SharedFraction)
{
    public void Check(string name)
    {
        if (BlockTokens < 1 || !(Share is >= 0 and <= 1) || Documents is < 1 or > 10_000_000
            || !(ZipfExponent is >= 0 and <= 10) || !(SharedFraction is >= 0 and <= 1))
        {
            throw new BadInputException($"{name}: prefix; expected blockTokens and documents of at least 1 and shares from 0 to 1");
        }
    }
}
