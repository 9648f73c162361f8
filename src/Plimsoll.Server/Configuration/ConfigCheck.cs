using System;
using System.Collections.Generic;
using System.Net;
using System.Text.RegularExpressions;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Configuration;

/// <summary>What a configuration must satisfy beyond its shape; one clear line for the first fault.</summary>
public static class ConfigCheck
{
    public static void Check(ServeConfig config, string name)
    {
        if (config.Models.Count == 0)
            throw new BadInputException($"{name}: models is empty; expected at least one model to serve");
        Listen(config, name);
        Stores(config, name);
        LevelCheck.Check(config, name);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var model in config.Models)
        {
            if (model.Name.Length == 0)
            {
                throw new BadInputException(
                    $"{name}: a model has no name; expected the name that requests use");
            }
            if (!names.Add(model.Name))
            {
                throw new BadInputException(
                    $"{name}: model {model.Name} is there twice; expected each name once");
            }
        }
        Adapters(config, name, [.. names]);
        foreach (var model in config.Models)
        {
            Model(model, $"{name}: model {model.Name}", names);
            Others(config, model, $"{name}: model {model.Name}");
        }
        foreach (var key in config.Keys)
            Key(config, key, name);
        Limits(config.Limits, name);
        Logs(config, name);
        Telemetry(config.Telemetry, name);
    }

    /// <summary>A request names a model or an adapter, and reaches what has that name first.</summary>
    static void Adapters(ServeConfig config, string name, HashSet<string> names)
    {
        foreach (var model in config.Models)
        {
            foreach (var adapter in (IEnumerable<string>?)model.Llama?.Adapters.Keys ?? [])
            {
                if (!names.Add(adapter))
                {
                    throw new BadInputException($"{name}: model {model.Name}: adapter {adapter} has the name "
                        + "of another model or adapter; expected one of its own");
                }
            }
        }
    }

    static void Logs(ServeConfig config, string name)
    {
        foreach (var (category, level) in config.Log)
        {
            if (LogLevels.Parse(level) is null)
            {
                throw new BadInputException($"{name}: log: {category}: {level}; expected trace, debug, "
                    + "information, warning, error, critical or none");
            }
        }
    }

    static void Telemetry(TelemetryConfig telemetry, string name)
    {
        if (telemetry.OtlpEndpoint is { } endpoint && (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("http" or "https")))
        {
            throw new BadInputException(
                $"{name}: telemetry: otlp_endpoint {endpoint}: expected http://HOST:4318");
        }
        if (telemetry.OtlpProtocol is not ("http/protobuf" or "grpc"))
        {
            throw new BadInputException($"{name}: telemetry: otlp_protocol {telemetry.OtlpProtocol}: "
                + "expected http/protobuf or grpc");
        }
        if (!(telemetry.TraceShare is >= 0 and <= 1))
        {
            throw new BadInputException(
                $"{name}: telemetry: trace_share {telemetry.TraceShare}: expected 0 to 1");
        }
        if (telemetry.MetricsSeconds is < 1 or > 86_400)
        {
            throw new BadInputException($"{name}: telemetry: metrics_seconds {telemetry.MetricsSeconds}: "
                + "expected 1 to 86400");
        }
    }

    static void Listen(ServeConfig config, string name)
    {
        if (config.Listen.Count == 0)
            throw new BadInputException($"{name}: listen is empty; expected at least one address");
        var isSecure = false;
        foreach (var address in config.Listen)
        {
            var uri = Address(address, name);
            isSecure |= uri.Scheme == "https";
            if (uri.Scheme == "https" && config.Tls is null)
            {
                throw new BadInputException(
                    $"{name}: listen {address}: expected tls with a certificate and a key");
            }
            if (!IsLoopback(uri.Host) && config.Keys.Count == 0)
            {
                throw new BadInputException(
                    $"{name}: listen {address} is open beyond this machine and there are no keys; "
                    + "expected keys (`plimsoll serve --new-key TENANT`), or a loopback address");
            }
        }
        if (config.Tls is not null && !isSecure)
            throw new BadInputException($"{name}: tls without an https address in listen; expected both");
    }

    /// <summary>
    /// An address is all that can be listened at: what else a URL may say would be promised and not kept.
    /// </summary>
    static Uri Address(string address, string name)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("http" or "https"))
        {
            throw new BadInputException(
                $"{name}: listen {address}: expected http://HOST:PORT or https://HOST:PORT");
        }
        // What may hold a password is not repeated.
        if (uri.UserInfo.Length > 0)
        {
            throw new BadInputException(
                $"{name}: listen: a user in an address; expected http://HOST:PORT, and keys for users");
        }
        if (uri.PathAndQuery != "/" || uri.Fragment.Length > 0)
        {
            throw new BadInputException($"{name}: listen {address}: expected no path and no query; "
                + $"it answers at {uri.Scheme}://{uri.Authority}");
        }
        if (uri.Host != "localhost" && !IPAddress.TryParse(uri.Host.Trim('[', ']'), out _))
        {
            throw new BadInputException($"{name}: listen {address}: expected an IP address of this machine, "
                + "localhost, or 0.0.0.0 for all of them");
        }
        return uri;
    }

    public static bool IsLoopback(string host) =>
        host == "localhost"
            || (IPAddress.TryParse(host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));

    static void Stores(ServeConfig config, string name)
    {
        if (string.IsNullOrWhiteSpace(config.State))
            throw new BadInputException($"{name}: state is empty; expected a folder");
        if (!Database.IsLedger(config.Ledger))
        {
            // What may hold a password is not repeated.
            var ledger = config.Ledger.Contains("://", StringComparison.Ordinal) ? "" : $" {config.Ledger}";
            throw new BadInputException($"{name}: ledger{ledger}: expected sqlite, a SQLite file (*.db), or "
                + "postgres://USER:PASSWORD@HOST:PORT/DATABASE");
        }
    }

    static void Model(ModelConfig model, string where, HashSet<string> names)
    {
        var kinds = (model.Simulated is null ? 0 : 1) + (model.Llama is null ? 0 : 1)
            + (model.Upstreams.Count == 0 ? 0 : 1) + (model.Cascade is null ? 0 : 1);
        if (kinds != 1)
        {
            throw new BadInputException(
                $"{where}: expected one of simulated, llama, upstreams and cascade");
        }
        if (model.Twin is not null && model.Upstreams.Count == 0)
            throw new BadInputException($"{where}: twin without upstreams; expected both");
        if (model.Simulated is { } simulated)
            SimulatedCheck.Check(simulated, $"{where}: simulated");
        if (model.Twin is { } twin)
            SimulatedCheck.Check(twin, $"{where}: twin");
        foreach (var upstream in model.Upstreams)
        {
            if (!Uri.TryCreate(upstream.Url, UriKind.Absolute, out var uri)
                || uri.Scheme is not ("http" or "https"))
            {
                throw new BadInputException(
                    $"{where}: upstream url \"{upstream.Url}\": expected http://HOST:PORT");
            }
            if (!(upstream.Weight >= 0 && upstream.Weight < 1e6))
                throw new BadInputException($"{where}: weight {upstream.Weight}: expected 0 to 1000000");
            if (upstream.MaxConcurrency < 1)
            {
                throw new BadInputException(
                    $"{where}: max_concurrency {upstream.MaxConcurrency}: expected at least 1");
            }
            PromiseText.Duration(upstream.IdleTimeout, $"{where}: idle_timeout");
        }
        if (model.LoadLineRequestsPerSecond is { } line && !(line > 0 && line < 1e9))
            throw new BadInputException($"{where}: load_line_requests_per_second {line}: expected above 0");
        if (model.PriceUsdPerHour is <= 0 or > 1_000_000)
        {
            throw new BadInputException(
                $"{where}: price_usd_per_hour {model.PriceUsdPerHour}: expected above 0");
        }
    }

    /// <summary>What a model says of other ones: they are there, and nobody waits for himself.</summary>
    static void Others(ServeConfig config, ModelConfig model, string where)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { model.Name };
        for (var next = model; next.Fallback is { } fallback;)
        {
            next = Plain(config, fallback, $"{where}: fallback");
            if (!seen.Add(next.Name))
            {
                throw new BadInputException(
                    $"{where}: its fallbacks come back to {next.Name}; expected an end");
            }
        }
        if (model.Fallback is not null && model.Upstreams.Count == 0)
            throw new BadInputException($"{where}: fallback without upstreams; expected both");
        if (model.Cascade is not { } cascade)
            return;
        Plain(config, cascade.First, $"{where}: cascade: first");
        Plain(config, cascade.Then, $"{where}: cascade: then");
        if (cascade.First == cascade.Then)
            throw new BadInputException($"{where}: cascade: first and then are one; expected two models");
        if (cascade.EscalateWhen.MeanLogprobBelow is > 0)
        {
            throw new BadInputException($"{where}: cascade: mean_logprob_below "
                + $"{cascade.EscalateWhen.MeanLogprobBelow}: expected at most 0");
        }
        try
        {
            _ = new Regex(cascade.EscalateWhen.Refusal, RegexOptions.NonBacktracking);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new BadInputException($"{where}: cascade: refusal: {e.Message}");
        }
    }

    /// <summary>A model that answers by itself.</summary>
    static ModelConfig Plain(ServeConfig config, string name, string where) =>
        config.Models.Find(other => other.Name == name && other.Cascade is null)
        ?? throw new BadInputException($"{where} {name}: expected a model of this file that is no cascade");

    static void Key(ServeConfig config, KeyConfig key, string name)
    {
        if (key.Tenant.Length == 0 || key.Id.Length == 0 || key.Hash.Length == 0)
        {
            throw new BadInputException(
                $"{name}: a key lacks tenant, id or hash; expected what `plimsoll serve --new-key` printed");
        }
        if (!KeyHash.IsHash(key.Hash))
        {
            throw new BadInputException($"{name}: key {key.Id}: hash: expected "
                + "pbkdf2-sha256$ITERATIONS$SALT$HASH, as `plimsoll serve --new-key` printed it");
        }
        if (key.Level is not null && !config.Levels.ContainsKey(key.Level))
        {
            throw new BadInputException(
                $"{name}: key {key.Id}: level {key.Level} is unknown; expected one of levels");
        }
        if (key.RequestsPerMinute is <= 0 || key.TokensPerMinute is <= 0 || key.BudgetUsdPerDay is < 0)
        {
            throw new BadInputException(
                $"{name}: key {key.Id}: limits and budgets: expected numbers above 0");
        }
        if (key.Weight is < 1 or > 1000)
            throw new BadInputException($"{name}: key {key.Id}: weight {key.Weight}: expected 1 to 1000");
    }

    static void Limits(LimitsConfig limits, string name)
    {
        foreach (var (key, value) in new[]
        {
            ("max_request_bytes", limits.MaxRequestBytes), ("max_file_bytes", limits.MaxFileBytes),
            ("max_concurrent_requests", limits.MaxConcurrentRequests),
                ("max_connections", limits.MaxConnections),
            ("batch_concurrency", limits.BatchConcurrency),
        })
        {
            if (value < 1)
                throw new BadInputException($"{name}: limits: {key} {value}: expected at least 1");
        }
        PromiseText.Duration(limits.HeadersTimeout, $"{name}: limits: headers_timeout");
        PromiseText.Duration(limits.RequestTimeout, $"{name}: limits: request_timeout");
        PromiseText.Duration(limits.SlowReaderTimeout, $"{name}: limits: slow_reader_timeout");
        PromiseText.Duration(limits.Drain, $"{name}: limits: drain");
    }
}
