using System;
using Plimsoll.Engine;

namespace Plimsoll.Server.Serving;

/// <summary>An error as OpenAI's API tells it.</summary>
public sealed class ApiException : Exception
{
    public ApiException(int status, string message, string type, string? parameter = null, string? code =
        null)
        : base(message)
    {
        Status = status;
        Type = type;
        Parameter = parameter;
        Code = code;
    }

    public int Status { get; }

    public string Type { get; }

    public string? Parameter { get; }

    public string? Code { get; }

    /// <summary>When the same request would be taken; null when that is not known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static ApiException Bad(string message, string? parameter = null, string? code = null) =>
        new(400, message, "invalid_request_error", parameter, code);

    public static ApiException NotFound(string message, string? parameter = null, string code =
        "not_found") =>
        new(404, message, "invalid_request_error", parameter, code);

    public static ApiException UnknownModel(string model) => new(
        404, $"The model `{model}` does not exist or you do not have access to it.", "invalid_request_error",
        "model", "model_not_found");

    public static ApiException Unavailable(string message, string code = "unavailable") =>
        new(503, message, "server_error", null, code);

    public static ApiException Overloaded(string message, TimeSpan? retryAfter) =>
        new(429, message, "rate_limit_error", null, "rate_limit_exceeded") { RetryAfter = retryAfter };

    /// <param name="prompt">The parameter that the prompt came in.</param>
    public static ApiException Of(Refusal refusal, string prompt)
    {
        TimeSpan? retry = refusal.RetryAfterNs is { } ns ? TimeSpan.FromMilliseconds(ns / 1e6) : null;
        return refusal.Kind switch
        {
            RefusalKind.NotFound =>
                new(404, refusal.Message, "invalid_request_error", "model", "model_not_found"),
            RefusalKind.Overloaded => Overloaded(refusal.Message, retry ?? TimeSpan.FromSeconds(1)),
            RefusalKind.Unavailable => Unavailable(refusal.Message),
            _ => Bad(refusal.Message, refusal.Parameter ?? prompt,
                refusal.Message.Contains("context length", StringComparison.Ordinal)
                    ? "context_length_exceeded" : null),
        };
    }
}
