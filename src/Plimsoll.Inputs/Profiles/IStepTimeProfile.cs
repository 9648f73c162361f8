using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Profiles;

/// <summary>Step times that a profile's file has: multipliers around tables, or a machine's own.</summary>
public interface IStepTimeProfile
{
    /// <summary>Step times of a deployment; what the profile does not speak of is bad input.</summary>
    /// <param name="deployment">What is served on what.</param>
    /// <param name="contextTokens">
    /// Mean prompt and answer together of what it is to serve; null where that is not known.
    /// </param>
    StepTimeModel ModelOf(Deployment deployment, int? contextTokens);
}
