namespace Plimsoll.Bench.Wire;

/// <summary>Which of OpenAI's interfaces is spoken.</summary>
public enum ApiKind
{
    Chat,
    Completions,
    Responses,
}
