using System;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Bench.Prompts;

/// <summary>Counts the tokens of a text: by the engine itself, or by its tokenizer's file.</summary>
public interface ITokenCounter : IDisposable
{
    /// <summary>Whose count it is, for people.</summary>
    string Name { get; }

    Task<int> Count(string text, CancellationToken stop);
}
