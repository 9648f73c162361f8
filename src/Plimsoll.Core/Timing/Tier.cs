namespace Plimsoll.Core.Timing;

/// <summary>What a predicted time rests on, weakest first.</summary>
public enum Tier
{
    /// <summary>Peak numbers of the datasheet and generic efficiencies.</summary>
    Datasheet,

    /// <summary>Efficiency curves fitted to measured kernel tables of this accelerator.</summary>
    Kernels,

    /// <summary>Fitted to the user's own engine telemetry.</summary>
    Fitted,
}
