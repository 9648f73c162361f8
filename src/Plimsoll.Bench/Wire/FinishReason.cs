namespace Plimsoll.Bench.Wire;

/// <summary>Why an answer ended, as the endpoint says.</summary>
enum FinishReason : byte
{
    /// <summary>It did not say.</summary>
    None,
    Stop,
    Length,
    ToolCalls,
    Other,
}
