using System.Collections.Generic;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Server.Configuration;

/// <summary>What is written in the YAML file, key by key. Every default is here.</summary>
public sealed class ServeConfig
{
    /// <summary>
    /// Addresses to listen on, by IP or localhost. Anything beyond loopback needs <see cref="Keys"/>.
    /// </summary>
    public List<string> Listen { get; set; } = ["http://127.0.0.1:8000"];

    public TlsConfig? Tls { get; set; }

    /// <summary>Folder of files, batches and, with SQLite, the ledger.</summary>
    public string State { get; set; } = "plimsoll-state";

    /// <summary>
    /// <c>sqlite</c>, a SQLite file (<c>.db</c>, <c>.sqlite</c>), or
    /// <c>postgres://user:password@host/database</c>.
    /// </summary>
    public string Ledger { get; set; } = "sqlite";

    /// <summary>
    /// Registry of <c>plimsoll tune</c> on this machine, whose runs, datasets, releases and drafts
    /// the live page shows.
    /// </summary>
    public string? Registry { get; set; }

    /// <summary>Service levels by name; the first is the default.</summary>
    public Dictionary<string, LevelConfig> Levels { get; set; } = new()
    {
        ["interactive"] =
            new LevelConfig { Ttft = "500ms", Itl = "75ms", ServiceTiers = ["default", "priority"] },
        ["batch"] = new LevelConfig { Window = "24h", ServiceTiers = ["flex"] },
    };

    public List<ModelConfig> Models { get; set; } = [];

    public List<KeyConfig> Keys { get; set; } = [];

    public LimitsConfig Limits { get; set; } = new();

    /// <summary>File that records what the scheduler saw; a numbered one for each of several.</summary>
    public string? DecisionLog { get; set; }

    /// <summary>Name of the software release that the ledger books under.</summary>
    public string Release { get; set; } = "current";

    /// <summary>
    /// Log levels by prefix of the category: trace, debug, information, warning, error, critical or none.
    /// </summary>
    public Dictionary<string, string> Log { get; set; } = new()
    {
        ["default"] = "warning",
        ["Plimsoll"] = "information",
    };

    public TelemetryConfig Telemetry { get; set; } = new();
}

/// <summary>Where spans and measures go; nowhere unless an endpoint is named.</summary>
public sealed class TelemetryConfig
{
    /// <summary>OpenTelemetry collector; <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> when absent, and off
    /// without both.</summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary><c>http/protobuf</c> or <c>grpc</c>.</summary>
    public string OtlpProtocol { get; set; } = "http/protobuf";

    /// <summary>Headers sent along, such as a key of the collector's.</summary>
    public Dictionary<string, string> Headers { get; set; } = [];

    /// <summary>Share of requests that are traced where the caller has not decided, 0 to 1.</summary>
    public double TraceShare { get; set; } = 1;

    /// <summary>Seconds between two exports of measures.</summary>
    public int MetricsSeconds { get; set; } = 30;
}

public sealed class TlsConfig
{
    /// <summary>PEM file with the certificate and its chain.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>PEM file with the private key.</summary>
    public string Key { get; set; } = "";
}

/// <summary>A promise: latencies make a level interactive, a window makes it batch.</summary>
public sealed class LevelConfig
{
    public string? Ttft { get; set; }

    public string? Itl { get; set; }

    public string? Window { get; set; }

    /// <summary>What becomes of a request whose promise cannot be kept: queue, reject or relegate.</summary>
    public string WhenFull { get; set; } = "queue";

    /// <summary>
    /// Of a level with a window: share of an engine's time promised to it whatever else waits, 0 to 0.99; the
    /// policy slack of a simulated engine or of llama.cpp keeps it.
    /// </summary>
    public double? Share { get; set; }

    /// <summary>Of a level with a window: what it weighs against other such levels, 1 to 1000; the policy
    /// slack keeps it.</summary>
    public int? Weight { get; set; }

    /// <summary>OpenAI's <c>service_tier</c> values that choose this level.</summary>
    public List<string> ServiceTiers { get; set; } = [];
}

public sealed class ModelConfig
{
    /// <summary>Name that requests use.</summary>
    public string Name { get; set; } = "";

    public SimulatedConfig? Simulated { get; set; }

    public LlamaConfig? Llama { get; set; }

    public List<UpstreamConfig> Upstreams { get; set; } = [];

    /// <summary>A small model that is asked first, and a large one where its answer will not do.</summary>
    public CascadeConfig? Cascade { get; set; }

    /// <summary>
    /// What each upstream is, for a twin to run along: it routes by predicted first tokens, lets batch lines
    /// go into what the promise leaves, and says how far it is off. None when absent.
    /// </summary>
    public SimulatedConfig? Twin { get; set; }

    /// <summary>Per replica and hour, USD; the catalogue's price where a simulated engine names a
    /// card.</summary>
    public decimal? PriceUsdPerHour { get; set; }

    /// <summary>Model that is asked where this one cannot be reached.</summary>
    public string? Fallback { get; set; }

    /// <summary>
    /// Load line of one replica, as <c>plimsoll account</c> prints it: the live page draws the load against
    /// it.
    /// </summary>
    public double? LoadLineRequestsPerSecond { get; set; }
}

/// <summary>Two models of this file behind one name, for chats and completions.</summary>
public sealed class CascadeConfig
{
    /// <summary>Name of the small model.</summary>
    public string First { get; set; } = "";

    /// <summary>Name of the large one.</summary>
    public string Then { get; set; } = "";

    public EscalationConfig EscalateWhen { get; set; } = new();
}

/// <summary>When the small model's answer will not do; a failure of its never does.</summary>
public sealed class EscalationConfig
{
    /// <summary>Regular expression of a refusal, without regard to case; empty for none.</summary>
    public string Refusal { get; set; } =
        @"^\s*(i'?m sorry|i am sorry|sorry,|i can(no|')t\b|i am unable|i'?m unable|i don'?t know|as an ai)";

    /// <summary>Mean log-probability of the answer's tokens below which the model counts as
    /// unsure.</summary>
    public double? MeanLogprobBelow { get; set; }

    /// <summary>Whether an answer that the model's length cut off will not do.</summary>
    public bool WhenCut { get; set; } = true;

    /// <summary>Whether an answer that should be JSON and is none will not do.</summary>
    public bool WhenNotJson { get; set; } = true;
}

/// <summary>A simulated engine, described as <c>plimsoll simulate</c> describes it.</summary>
public sealed class SimulatedConfig
{
    public string Model { get; set; } = Usual.SmallModel;

    public string Gpu { get; set; } = Usual.Accelerator;

    public int Tp { get; set; } = 1;

    /// <summary>Engine ranks, each with a scheduler of its own.</summary>
    public int Replicas { get; set; } = 1;

    public string? Weights { get; set; }

    public string Kv { get; set; } = "bf16";

    public string Policy { get; set; } = SchedulingPolicy.VllmV1.Name;

    /// <summary>Profile that <c>plimsoll calibrate</c> wrote.</summary>
    public string? Profile { get; set; }

    public int? MaxNumSeqs { get; set; }

    public int? MaxNumBatchedTokens { get; set; }

    public int? NumGpuBlocks { get; set; }

    public int BlockSize { get; set; } = 16;

    public bool PrefixCaching { get; set; } = true;

    public int? MaxModelLen { get; set; }

    public double MedianOutputTokens { get; set; } = 150;

    public ulong Seed { get; set; } = 1;

    public FaultConfig? Faults { get; set; }
}

/// <summary>Shares of requests that a simulated engine lets fail, for tests of what stands before
/// it.</summary>
public sealed class FaultConfig
{
    public double Errors { get; set; }

    public double Stalls { get; set; }

    public double Drops { get; set; }

    public double SlowFirstTokens { get; set; }

    public string Stall { get; set; } = "30s";

    public string SlowFirstToken { get; set; } = "5s";
}

public sealed class UpstreamConfig
{
    /// <summary>Base address, without <c>/v1</c>.</summary>
    public string Url { get; set; } = "";

    /// <summary>Name of the model there; the served name when absent.</summary>
    public string? Model { get; set; }

    public string? ApiKey { get; set; }

    /// <summary>Share of new conversations, relative to the other upstreams.</summary>
    public double Weight { get; set; } = 1;

    /// <summary>Whether <c>priority</c> may be passed on (vLLM with <c>--scheduling-policy
    /// priority</c>).</summary>
    public bool Priority { get; set; }

    /// <summary>Asked every five seconds; two failures on end take the upstream out of service.</summary>
    public string HealthPath { get; set; } = "/health";

    /// <summary>Time without a byte after which an answer counts as lost.</summary>
    public string IdleTimeout { get; set; } = "60s";

    /// <summary>Requests that may be out at once.</summary>
    public int MaxConcurrency { get; set; } = 1024;
}

public sealed class KeyConfig
{
    /// <summary>Tenant that the key belongs to; several keys may share one.</summary>
    public string Tenant { get; set; } = "";

    /// <summary>Id of the key: its part before the secret.</summary>
    public string Id { get; set; } = "";

    /// <summary>As <c>plimsoll serve --new-key TENANT</c> prints it.</summary>
    public string Hash { get; set; } = "";

    public long? RequestsPerMinute { get; set; }

    public long? TokensPerMinute { get; set; }

    /// <summary>Dollars that the tenant may spend per UTC day.</summary>
    public decimal? BudgetUsdPerDay { get; set; }

    /// <summary>Level of requests that name none.</summary>
    public string? Level { get; set; }

    /// <summary>
    /// What the tenant's batch lines weigh against those of other tenants, 1 to 1000; of several keys the
    /// greatest.
    /// </summary>
    public int Weight { get; set; } = 1;

    /// <summary>Whether chats under this key are kept, requests and answers, in
    /// <c>state/capture</c> for <c>plimsoll tune</c>.</summary>
    public bool Capture { get; set; }

    /// <summary>Whether the key may load adapters and read metrics and the live page.</summary>
    public bool Admin { get; set; }
}

public sealed class LimitsConfig
{
    public long MaxRequestBytes { get; set; } = 16 << 20;

    public long MaxFileBytes { get; set; } = 200L << 20;

    /// <summary>Requests in work at once; more get 429.</summary>
    public int MaxConcurrentRequests { get; set; } = 4096;

    public int MaxConnections { get; set; } = 20_000;

    /// <summary>Time for a request's line and headers after their first byte.</summary>
    public string HeadersTimeout { get; set; } = "15s";

    /// <summary>Time for the rest of a request after its first byte.</summary>
    public string RequestTimeout { get; set; } = "30s";

    /// <summary>Time a client may take to read what is waiting for it.</summary>
    public string SlowReaderTimeout { get; set; } = "30s";

    /// <summary>Time that running requests get after a signal to stop.</summary>
    public string Drain { get; set; } = "30s";

    /// <summary>Batch lines in work at once, per model.</summary>
    public int BatchConcurrency { get; set; } = 256;
}
