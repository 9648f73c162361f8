namespace Plimsoll.Core.Timing;

/// <summary>
/// A part of an engine's time that can be wrong on its own, and so can be fitted on its own.
/// </summary>
public enum StepTerm
{
    /// <summary>Matrix products, norms and activations, LM head and sampling.</summary>
    Products,

    /// <summary>Routed experts.</summary>
    Experts,

    /// <summary>All-reduce, expert exchange, pipeline hops.</summary>
    Communication,

    PrefillAttention,

    DecodeAttention,

    /// <summary>Host time per step that nothing hides.</summary>
    Host,

    /// <summary>Host time per sequence that nothing hides.</summary>
    HostSequences,

    /// <summary>A request's time outside the engine's steps.</summary>
    Request,
}
