using System;
using System.Data.Common;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Api;

/// <summary>
/// What all endpoints do alike: a request id, errors in OpenAI's shape, promises of single requests.
/// </summary>
sealed partial class RequestShell(ILogger<RequestShell> log)
{
    /// <summary>Wraps a handler so that whatever it throws becomes a clear answer.</summary>
    public RequestDelegate Wrap(Func<HttpContext, Task> handler) => async context =>
    {
        var id = "req_" + Guid.NewGuid().ToString("N");
        context.TraceIdentifier = id;
        context.Response.Headers["x-request-id"] = id;
        try
        {
            await handler(context);
        }
        catch (ApiException error)
        {
            await ErrorWriter.WriteAsync(context, error);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
        catch (SlowReaderException)
        {
            // It has lost its connection: nobody is left to tell.
        }
        catch (BadHttpRequestException bad)
        {
            await ErrorWriter.WriteAsync(context,
                new ApiException(bad.StatusCode, bad.Message, "invalid_request_error"));
        }
        catch (IOException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Likewise.
        }
        catch (Exception e) when (e is StorageAwayException or DbException)
        {
            Away(log, id, e.Message.ReplaceLineEndings(" "));
            await ErrorWriter.WriteAsync(context,
                new ApiException(503, "The server's storage is away; nothing of the request is kept.",
                    "server_error", null, "storage_away")
                {
                    RetryAfter = TimeSpan.FromSeconds(5),
                });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Failed(log, e, id);
            await ErrorWriter.WriteAsync(context,
                new ApiException(500, $"The server had an error while processing your request ({id}).",
                    "server_error"));
        }
    };

    public static string RequestId(HttpContext context) => context.TraceIdentifier;

    /// <summary><c>x-slo-ttft-ms</c> and <c>x-slo-tpot-ms</c>: a promise for this request alone.</summary>
    public static long? PromiseHeader(HttpContext context, string name)
    {
        var text = context.Request.Headers[name].ToString();
        if (text.Length == 0)
            return null;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var ms) && ms is > 0 and < 1e9
            ? (long)(ms * 1e6)
            : throw ApiException.Bad($"{name}: {text} is no number of milliseconds above 0", name);
    }

    [LoggerMessage(2, LogLevel.Warning, "Request {RequestId} finds the storage away: {Reason}")]
    static partial void Away(ILogger log, string requestId, string reason);

    [LoggerMessage(1, LogLevel.Error, "Request {RequestId} failed.")]
    static partial void Failed(ILogger log, Exception error, string requestId);

    /// <summary>What a path is asked for, as OpenTelemetry names it.</summary>
    public static string OperationOf(string path) => path switch
    {
        "/v1/completions" => "text_completion",
        "/v1/embeddings" => "embeddings",
        _ => "chat",
    };
}
