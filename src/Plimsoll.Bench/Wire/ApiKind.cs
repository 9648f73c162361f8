using Plimsoll.Core;

namespace Plimsoll.Bench.Wire;

/// <summary>Which of OpenAI's interfaces is spoken.</summary>
public enum ApiKind
{
    Chat,
    Completions,
    Responses,
}

public static class ApiKinds
{
    /// <summary>As vLLM's bench calls them.</summary>
    public static Choices<ApiKind> All { get; } = new(
        ("openai-chat", ApiKind.Chat), ("openai", ApiKind.Completions),
        ("openai-responses", ApiKind.Responses));
}
