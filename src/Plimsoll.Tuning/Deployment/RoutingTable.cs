using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Deployment;

/// <summary>
/// Who answers a task's requests: the release in production and, for some of them, a candidate. Immutable; a
/// change is a new revision. The same key gets the same answerer under one revision, and as the candidate's
/// share grows nobody goes back.
/// </summary>
/// <param name="Revision">Grows by one with every change; written into every ledger row.</param>
/// <param name="Task">Salts the keys, so that the same users are not the first in every task.</param>
/// <param name="CandidateShare">In ten-thousandths.</param>
/// <param name="Shadow">Whether requests are also sent to the candidate, as batch work, its
/// answers thrown away.</param>
public sealed record RoutingTable(
    long Revision, string Task, string Production, string? Candidate, int CandidateShare, bool Shadow)
{
    public const int Whole = 10_000;

    /// <param name="key">Of the conversation or the user.</param>
    /// <returns>The release that answers.</returns>
    public string Route(string key) =>
        Candidate is not null && PlaceOf(key) < CandidateShare ? Candidate : Production;

    /// <summary>The shares as gateways want them, in per cent.</summary>
    public IEnumerable<(string Release, double Percent)> Weights()
    {
        if (Candidate is not null && CandidateShare > 0)
            yield return (Candidate, CandidateShare / 100.0);
        if (CandidateShare < Whole)
            yield return (Production, (Whole - CandidateShare) / 100.0);
    }

    int PlaceOf(string key)
    {
        var hash = CanonicalJson.HashOfBytes(Encoding.UTF8.GetBytes($"{Task}\0{key}"));
        return (int)(ulong.Parse(hash[..12], NumberStyles.HexNumber, CultureInfo.InvariantCulture) % Whole);
    }
}
