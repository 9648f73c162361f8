using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using System.Net.Http;
using System.Threading;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>Which endpoint, and how it is spoken to; named as vLLM's bench names it.</summary>
sealed class BenchEndpointArguments
{
    readonly Option<string?> _baseUrl = new("--base-url")
    {
        Description = "Address of the endpoint [default: OPENAI_BASE_URL, or http://127.0.0.1:8000]",
    };

    readonly Option<string?> _path =
        new("--endpoint") { Description = "Path that requests are posted to [default: the interface's]" };

    readonly Option<string> _backend = new Option<string>("--backend")
    {
        Description = $"Interface: {ApiKinds.All}; openai is completions",
        DefaultValueFactory = _ => ApiKinds.All.NameOf(ApiKind.Chat),
    }.OneOf(ApiKinds.All);

    readonly Option<string?> _served = new("--served-model-name")
    {
        Description = "Name that requests carry [default: --model, or the first that the endpoint lists]",
    };

    readonly Option<string[]> _headers =
        new("--header") { Description = "KEY=VALUE for every request; repeatable" };

    readonly Option<bool> _http2 =
        new("--http2") { Description = "Speak HTTP/2, without TLS by prior knowledge" };

    readonly Option<bool> _insecure = new("--insecure") { Description = "Trust any certificate" };

    readonly Option<bool> _noStream =
        new("--no-stream") { Description = "Ask for whole answers; TTFT is then E2E" };

    readonly Option<double> _timeout = new("--timeout")
    {
        Description = "Seconds after which an answer that is not whole has failed",
        DefaultValueFactory = _ => 600,
    };

    readonly Option<double> _ready = new("--ready-check-timeout-sec")
    {
        Description = "Seconds to wait for the endpoint to be there",
        DefaultValueFactory = _ => 0,
    };

    public Option<string?> Model { get; } = new("--model")
    {
        Description = "Model: its name at the endpoint, and in the catalogue for the bound",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            _baseUrl, _path, _backend, Model, _served, _headers, _http2, _insecure, _noStream, _timeout,
                _ready,
        })
        {
            command.Add(option);
        }
    }

    public long ReadyWaitNs(ParseResult parsed) => Seconds(parsed, _ready, least: 0);

    /// <summary>As it was said; without a model where none was named.</summary>
    public EndpointOptions Read(ParseResult parsed)
    {
        var text = parsed.GetValue(_baseUrl) ?? Variable("OPENAI_BASE_URL") ?? "http://127.0.0.1:8000";
        var isAddress = Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url.Scheme is ("http" or "https");
        // What stands before an @ may be a password, and is not repeated.
        if (isAddress ? url!.UserInfo.Length > 0 : text.Contains('@'))
        {
            throw new BadInputException("--base-url: holds a user or a password, which would stand in every "
                + "result; expected http://HOST:PORT, and the key in OPENAI_API_KEY or --header");
        }
        if (!isAddress)
            throw new BadInputException($"--base-url {text}: is no address; expected http://HOST:PORT");
        return new EndpointOptions
        {
            BaseUrl = url!,
            Api = parsed.Chosen(_backend, ApiKinds.All),
            Path = parsed.GetValue(_path),
            Model = Name(parsed, _served) ?? Name(parsed, Model) ?? "",
            ApiKey = Key(Variable("OPENAI_API_KEY")),
            Headers = Sent(Pairs(parsed.GetValue(_headers), "--header")),
            Http2 = parsed.GetValue(_http2),
            TrustAnyCertificate = parsed.GetValue(_insecure),
            Stream = !parsed.GetValue(_noStream),
            TimeoutNs = Seconds(parsed, _timeout, least: 0.001),
        };
    }

    static string? Name(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is not { } name || ModelList.IsName(name) ? parsed.GetValue(option)
            : throw new BadInputException($"{option.Name}: expected one line of at most 512 characters");

    /// <summary>With the first model that it lists where none was named.</summary>
    public EndpointOptions Named(EndpointOptions endpoint, ParseResult parsed, CancellationToken stop) =>
        endpoint.Model.Length > 0 ? endpoint
            : endpoint with { Model = First(endpoint, ReadyWaitNs(parsed), stop) };

    public static List<KeyValuePair<string, string>> Pairs(string[]? texts, string option)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var text in texts ?? [])
        {
            var equals = text.IndexOf('=');
            if (equals < 1)
                throw new BadInputException($"{option} {text}: expected KEY=VALUE");
            pairs.Add(new(text[..equals], text[(equals + 1)..]));
        }
        return pairs;
    }

    /// <summary>Headers that a request takes: any other would be left out without a word.</summary>
    static List<KeyValuePair<string, string>> Sent(List<KeyValuePair<string, string>> headers)
    {
        using var request = new HttpRequestMessage();
        foreach (var (name, value) in headers)
        {
            if (value.Any(char.IsControl) || !request.Headers.TryAddWithoutValidation(name, value))
            {
                throw new BadInputException($"--header {name}: no request can send it; expected "
                    + "KEY=VALUE of a header that is not the body's");
            }
        }
        return headers;
    }

    static string First(EndpointOptions options, long waitNs, CancellationToken stop)
    {
        var clock = new RunClock();
        using var endpoint = new Endpoint(options, clock);
        while (true)
        {
            var models = ModelList.Ask(endpoint, stop).GetAwaiter().GetResult();
            if (models.Model is { } model)
                return model;
            if (!models.MayPass || clock.NowNs >= waitNs)
            {
                throw new BadInputException($"{options.Below("v1/models")}: {models.Problem}; expected an "
                    + "endpoint that lists its model, or --model NAME");
            }
            stop.WaitHandle.WaitOne(500);
            stop.ThrowIfCancellationRequested();
        }
    }

    /// <summary>A secret that is mounted as a file often ends its line.</summary>
    static string? Key(string? value)
    {
        var key = value?.TrimEnd('\r', '\n');
        return string.IsNullOrEmpty(key) || EndpointOptions.IsKey(key) ? key is "" ? null : key
            : throw new BadInputException("OPENAI_API_KEY: no header can carry it; expected visible ASCII "
                + "without spaces and line ends");
    }

    static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    static long Seconds(ParseResult parsed, Option<double> option, double least)
    {
        var seconds = parsed.GetValue(option);
        return seconds >= least && seconds <= 7 * 86_400
            ? (long)(1e9 * seconds)
            : throw new BadInputException($"{option.Name} {seconds}: expected {least} to 604800 seconds");
    }
}
