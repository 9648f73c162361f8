namespace Plimsoll.Core.Scheduling;

/// <summary>How a request was promised.</summary>
public enum ServiceClass : byte
{
    /// <summary>Somebody waits: tokens have deadlines.</summary>
    Interactive,

    /// <summary>Only a completion window: any slack will do.</summary>
    Batch,
}
