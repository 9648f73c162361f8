using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Profiles;

/// <summary>Step times that a profile's file has: multipliers around tables, or a machine's own.</summary>
public interface IStepTimeProfile
{
    /// <summary>Step times of a deployment; what the profile does not speak of is bad input.</summary>
    StepTimeModel ModelOf(Deployment deployment);
}
