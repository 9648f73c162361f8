using Plimsoll.Bench.Load;

namespace Plimsoll.Bench.Prompts;

/// <summary>What requests say: text drawn to a length, or the rows of a file.</summary>
public interface IBodySource
{
    /// <summary>The body of a planned request; called on one thread.</summary>
    RequestBody Build(in PlannedRequest request);
}
