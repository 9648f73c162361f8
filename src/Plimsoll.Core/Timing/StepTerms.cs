using System;

namespace Plimsoll.Core.Timing;

/// <summary>How people name a term, and how far a fit may move it.</summary>
public static class StepTerms
{
    /// <summary>A term as the profile and people name it: <c>decode-attention</c>.</summary>
    public static string Name(this StepTerm term) => term switch
    {
        StepTerm.PrefillAttention => "prefill-attention",
        StepTerm.DecodeAttention => "decode-attention",
        StepTerm.HostSequences => "host-sequences",
        _ => term.ToString().ToLowerInvariant(),
    };

    /// <summary>The term of that name; null when there is none.</summary>
    public static StepTerm? Find(string name)
    {
        foreach (var term in Enum.GetValues<StepTerm>())
        {
            if (term.Name() == name)
                return term;
        }
        return null;
    }

    /// <summary>Whether the term is host time, which nobody measures in tables.</summary>
    public static bool IsHost(this StepTerm term) =>
        term is StepTerm.Host or StepTerm.HostSequences or StepTerm.Request;

    /// <summary>Least and most of a multiplier: kernels are measured, host times are not.</summary>
    public static (double Least, double Most) MultiplierBounds(this StepTerm term) =>
        term.IsHost() ? (0.02, 50) : (0.4, 2.5);
}
