using System;
using Plimsoll.Core.Timing;
using static Plimsoll.Core.Timing.StepErrorSpec;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// The ends of a prediction's error, all terms of a step in step with each other, and of what a first token
/// adds.
/// </summary>
static class ErrorEnds
{
    /// <summary>Steps and first tokens both at an end of their 90 % interval.</summary>
    public static StepErrorDraw Of(StepErrorSpec errors, bool isSlow) =>
        FirstTokens(errors, isSlow, Deviations) with
        {
            Factors = Steps(errors, isSlow, Deviations).Factors,
        };

    /// <summary>Steps off by so many standard errors, first tokens by nothing of their own.</summary>
    public static StepErrorDraw Steps(StepErrorSpec errors, bool isSlow, double deviations = 1)
    {
        var common = Math.Log(errors.Centre * End(errors.Common, isSlow)) * deviations / Deviations;
        Span<double> logarithms = stackalloc double[StepScale.Terms];
        logarithms.Fill(common);
        logarithms[(int)StepTerm.Request] = 0;
        logarithms[(int)StepTerm.HostSequences] =
            Math.Log(End(errors.Sequences, isSlow)) * deviations / Deviations;
        return new StepErrorDraw(0, StepScale.Of(logarithms), 1);
    }

    /// <summary>First tokens off by so many standard errors, steps by nothing.</summary>
    public static StepErrorDraw FirstTokens(StepErrorSpec errors, bool isSlow, double deviations = 1) => new(
        0, StepScale.None,
        Math.Pow(errors.FirstTokenCentre * End(errors.FirstToken, isSlow), deviations / Deviations),
        errors.FirstTokenShiftNs);

    static double End(ErrorBand band, bool isSlow) => isSlow ? band.High : band.Low;
}
