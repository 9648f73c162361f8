using System;
using System.Buffers;
using System.Globalization;
using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Core.Promises;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Tenants;

namespace Plimsoll.Server.Api;

/// <summary>
/// What every request passes before it costs anything: key, drain, size, concurrency, rate limits, budget.
/// </summary>
sealed class Gate(LedgerBook book, TimeProvider time)
{
    volatile GateState _state = new(new ServeConfig(), new KeyRing([], time));
    readonly RateLimits _rates = new(time);
    static readonly object _isCounted = new();
    int _running;
    volatile bool _draining;

    sealed record GateState(ServeConfig Config, KeyRing Keys);

    public Budgets Budgets { get; } = new(book, time);

    public int Running => Volatile.Read(ref _running);

    public bool IsDraining => _draining;

    public LimitsConfig Limits => _state.Config.Limits;

    /// <summary>What a tenant's batch lines weigh.</summary>
    public int WeightOf(string tenant) => _state.Keys.WeightOf(tenant);

    /// <summary>How long a client may leave what is written unread.</summary>
    public TimeSpan SlowReaderTimeout => TimeSpan.FromMilliseconds(
        PromiseText.Duration(Limits.SlowReaderTimeout, "slow_reader_timeout") / 1e6);

    /// <summary>Takes over keys and limits; running requests keep what they started with.</summary>
    public void Configure(ServeConfig config)
    {
        Budgets.Configure(config);
        _state = new GateState(config, new KeyRing(config.Keys, time));
    }

    public void Drain() => _draining = true;

    /// <summary>The tenant of a request; 401 when its key is missing or wrong.</summary>
    public Tenant Authenticate(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        return _state.Keys.Find(authorization.Length == 0 ? null : authorization)
            ?? throw new ApiException(
                401,
                authorization.Length == 0
                    ? "You didn't provide an API key. Expected an Authorization header: Bearer plm-ID-SECRET."
                    : "Incorrect API key provided.",
                "invalid_request_error", null, "invalid_api_key");
    }

    public Tenant AuthenticateAdmin(HttpContext context)
    {
        var tenant = Authenticate(context);
        return tenant.IsAdmin
            ? tenant
            : throw new ApiException(403, "This key may not do that; expected one with admin.",
                "invalid_request_error", null, "forbidden");
    }

    /// <summary>Counts a request in; dispose what is returned when it is over.</summary>
    public Place Enter()
    {
        if (_draining)
        {
            throw new ApiException(503, "The server is shutting down.", "server_error", null, "draining")
            {
                RetryAfter = TimeSpan.FromSeconds(5),
            };
        }
        if (Interlocked.Increment(ref _running) <= Limits.MaxConcurrentRequests)
            return new Place(this);
        Interlocked.Decrement(ref _running);
        throw ApiException.Overloaded(
            $"Too many requests at once; the limit is {Limits.MaxConcurrentRequests}.",
                TimeSpan.FromSeconds(1));
    }

    /// <summary>
    /// Books tokens against the tenant's rate limits and the day's budget, before the work, or nothing; the
    /// headers say what is left. A request that goes on to another model counts once, and is not turned away
    /// by its own first half.
    /// </summary>
    public Reservation Reserve(
        HttpContext context, Tenant tenant, string model, long promptTokens, long maxOutputTokens)
    {
        var hold = Budgets.Take(tenant.Name, model, promptTokens, maxOutputTokens);
        var tokens = promptTokens + maxOutputTokens;
        var isFirst = !context.Items.ContainsKey(_isCounted);
        var state = isFirst ? _rates.Take(tenant, tokens) : _rates.TakeMore(tenant, tokens);
        WriteHeaders(context.Response, "requests", state.Requests);
        WriteHeaders(context.Response, "tokens", state.Tokens);
        if (state.RetryAfter is { } wait)
        {
            hold?.LetGo();
            throw ApiException.Overloaded(
                $"Rate limit reached for {tenant.Name}. Please try again in "
                    + $"{wait.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)}s.",
                wait);
        }
        context.Items[_isCounted] = true;
        var reservation = new Reservation(_rates, tenant, promptTokens, maxOutputTokens, hold);
        if (hold is not null)
        {
            context.Response.OnCompleted(() =>
            {
                reservation.End();
                return Task.CompletedTask;
            });
        }
        return reservation;
    }

    /// <summary>The request's body; 413 beyond the limit, 408 when it comes too slowly.</summary>
    public async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpContext context)
    {
        var limits = Limits;
        var most = limits.MaxRequestBytes;
        if (context.Request.ContentLength > most)
            throw TooLarge(most);
        var reader = context.Request.BodyReader;
        // Most bodies are there with their headers: then there is nothing to wait for and nothing to grow.
        if (reader.TryRead(out var first))
        {
            if (first.IsCompleted && first.Buffer.Length <= most)
            {
                var whole = first.Buffer.ToArray();
                reader.AdvanceTo(first.Buffer.End);
                return whole;
            }
            reader.AdvanceTo(first.Buffer.Start);
        }
        return await ReadSlowBodyAsync(context, reader, most, limits);
    }

    async Task<ReadOnlyMemory<byte>> ReadSlowBodyAsync(
        HttpContext context, PipeReader reader, long most, LimitsConfig limits)
    {
        // Cancelled by its own means, the reader stays in a state in which the server can drain what is left;
        // cancelled by a token it does not.
        var patience = TimeSpan.FromMilliseconds(
            PromiseText.Duration(limits.RequestTimeout, "request_timeout") / 1e6);
        await using var timer = time.CreateTimer(
            _ => reader.CancelPendingRead(), null, patience, Timeout.InfiniteTimeSpan);
        var body = new MemoryStream((int)Math.Min(most, context.Request.ContentLength ?? 4096));
        while (true)
        {
            var result = await reader.ReadAsync();
            var isTooLarge = body.Length + result.Buffer.Length > most;
            if (!isTooLarge)
            {
                foreach (var piece in result.Buffer)
                    body.Write(piece.Span);
            }
            reader.AdvanceTo(result.Buffer.End);
            if (isTooLarge)
                throw TooLarge(most);
            if (result.IsCompleted)
                break;
            if (!result.IsCanceled)
                continue;
            context.Response.Headers.Connection = "close";
            throw new ApiException(408, "The request's body did not arrive in time.",
                "invalid_request_error", null, "timeout");
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    static ApiException TooLarge(long most) => new(
        413, $"The request is larger than {most} bytes.", "invalid_request_error", null, "request_too_large");

    static void WriteHeaders(HttpResponse response, string what, RateLimits.Quota? quota)
    {
        if (quota is not { } left)
            return;
        response.Headers[$"x-ratelimit-limit-{what}"] = left.Limit.ToString(CultureInfo.InvariantCulture);
        response.Headers[$"x-ratelimit-remaining-{what}"] =
            Math.Max(0, left.Remaining).ToString(CultureInfo.InvariantCulture);
        response.Headers[$"x-ratelimit-reset-{what}"] =
            left.Reset.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + "s";
    }

    public readonly struct Place(Gate gate) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref gate._running);
    }
}
