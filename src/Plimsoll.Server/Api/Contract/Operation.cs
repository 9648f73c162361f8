namespace Plimsoll.Server.Api.Contract;

/// <summary>Who may call an operation where keys are configured.</summary>
public enum Caller
{
    Anybody,
    Tenant,
    Admin,
}

/// <summary>One endpoint as its callers see it.</summary>
/// <param name="Path">As the server maps it, with its parameters in braces.</param>
/// <param name="Tag">Heading that it stands under.</param>
/// <param name="Summary">What it does, in a line.</param>
public sealed record Operation(string Method, string Path, string Tag, string Summary)
{
    /// <summary>Schema of the request's JSON; null for none.</summary>
    public string? Request { get; init; }

    /// <summary>Whether the request is a form with a file.</summary>
    public bool IsForm { get; init; }

    /// <summary>Schema of the answer's JSON; null where it is no JSON.</summary>
    public string? Answer { get; init; }

    /// <summary>Media type of an answer that is no JSON.</summary>
    public string? AnswerType { get; init; }

    /// <summary>Schema of one event where <c>"stream": true</c> asks for a stream.</summary>
    public string? Event { get; init; }

    public Caller Caller { get; init; } = Caller.Tenant;

    /// <summary>Whether it takes <c>limit</c> and <c>after</c>.</summary>
    public bool IsPaged { get; init; }

    /// <summary>Whether the state of what it is about may forbid it.</summary>
    public bool Conflicts { get; init; }

    /// <summary>Whether the promise and session headers mean something to it.</summary>
    public bool IsServing => Tag == Operations.Serving;

    /// <summary>The path as OpenAPI writes it: a parameter that spans segments is one parameter.</summary>
    public string Template => Path.Replace("{**", "{");
}
