using System.Linq;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Calibration;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// Which multipliers each validation set fits, in one place. A set that is not named here fits nothing.
/// </summary>
static class FitPlan
{
    /// <summary>One calibration per model, card, engine and weights of InferenceMAX.</summary>
    public static ScaleFitOptions InferenceMaxDense { get; } = new()
    {
        Terms =
        [
            StepTerm.Products, StepTerm.Communication, StepTerm.PrefillAttention, StepTerm.DecodeAttention,
            StepTerm.Host, StepTerm.HostSequences, StepTerm.Request,
        ],
    };

    public static ScaleFitOptions InferenceMaxMoe { get; } = InferenceMaxDense with
    {
        Terms = [.. InferenceMaxDense.Terms, StepTerm.Experts],
    };

    /// <summary>
    /// One calibration for all vLLM 0.15 experiments but the one predicted: the host alone, since the card's
    /// kernels are measured. It starts three times too high, so that nothing of constants once read off some
    /// of these experiments remains.
    /// </summary>
    public static ScaleFitOptions VllmExperiments { get; } = new()
    {
        Terms = [StepTerm.Host, StepTerm.HostSequences, StepTerm.Request],
        Start = StepScale.None.With(StepTerm.Host, 3).With(StepTerm.Request, 3),
    };

    /// <summary>An engine on a card, calibrated on some models for others.</summary>
    public static ScaleFitOptions OtherModels { get; } = InferenceMaxMoe;

    /// <summary>An engine of another name, to one of its loads: what calibrate fits to a run.</summary>
    public static ScaleFitOptions HostBound { get; } = new()
    {
        Terms = [StepTerm.Products, StepTerm.DecodeAttention, StepTerm.Host, StepTerm.HostSequences],
        LeastGain = 1.03,
    };

    /// <summary>A plan's terms in words.</summary>
    public static string TermsOf(ScaleFitOptions plan) => string.Join(", ", plan.Terms.Select(InWords));

    static string InWords(StepTerm term) =>
        string.Concat(term.ToString().Select(
            (c, i) =>
                char.IsUpper(c) && i > 0 ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
