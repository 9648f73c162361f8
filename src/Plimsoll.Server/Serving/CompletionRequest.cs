using System.Collections.Generic;
using Plimsoll.Engine;

namespace Plimsoll.Server.Serving;

public enum CompletionKind : byte
{
    Chat,
    Text,
    Response,
}

/// <summary>A request for answers, of whichever endpoint, checked and with its prompts tokenized.</summary>
public sealed record CompletionRequest
{
    public required CompletionKind Kind { get; init; }

    /// <summary>Model or adapter, as the request names it; the answer repeats it.</summary>
    public required string Model { get; init; }

    public required IReadOnlyList<int[]> Prompts { get; init; }

    /// <summary>Which parts of the prompt are images; only a chat has some, and it is one prompt.</summary>
    public IReadOnlyList<PromptImage> Images { get; init; } = [];

    /// <summary>The parameter that they came in.</summary>
    public string PromptParameter => Kind switch
    {
        CompletionKind.Text => "prompt",
        CompletionKind.Response => "input",
        _ => "messages",
    };

    /// <summary>Answers per prompt.</summary>
    public int Choices { get; init; } = 1;

    public bool Stream { get; init; }

    public bool IncludeUsage { get; init; }

    /// <summary>vLLM's <c>continuous_usage_stats</c>: every chunk says the tokens so far.</summary>
    public bool ContinuousUsage { get; init; }

    public int MaxOutputTokens { get; init; }

    /// <summary>Whether the request said how long the answer may be.</summary>
    public bool LimitsOutput { get; init; }

    public int MinOutputTokens { get; init; }

    public bool IgnoreEos { get; init; }

    public SamplingOptions Sampling { get; init; } = SamplingOptions.Default;

    public IReadOnlyList<string> Stop { get; init; } = [];

    public int? TopLogprobs { get; init; }

    public AnswerFormat? Format { get; init; }

    /// <summary>Tool that the answer must call, when it must call one.</summary>
    public string? ForcedTool { get; init; }

    /// <summary>Names of the tools that it may call.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    /// <summary>How calls of them are found in its text.</summary>
    public ToolCallStyle CallStyle { get; init; }

    /// <summary>Whether the prompt comes back before the answer (completions).</summary>
    public bool Echo { get; init; }

    public int Priority { get; init; }

    public required Level Level { get; init; }

    public long? TtftNs { get; init; }

    public long? ItlNs { get; init; }

    public long PromptTokens
    {
        get
        {
            long sum = 0;
            foreach (var prompt in Prompts)
                sum += prompt.Length;
            return sum;
        }
    }
}
