using System;
using System.Linq;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Plimsoll.Server.Configuration;

namespace Plimsoll.Server.Telemetry;

/// <summary>Sends spans and measures to a collector. There is none unless one is configured.</summary>
sealed class OtlpExport : IDisposable
{
    const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    readonly TracerProvider _traces;
    readonly MeterProvider _metrics;

    OtlpExport(TelemetryConfig config, string version)
    {
        var resource = ResourceBuilder.CreateDefault().AddService("plimsoll", serviceVersion: version)
            .AddTelemetrySdk().AddEnvironmentVariableDetector();
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(config.TraceShare)))
            .AddSource(GenAi.Source, "Microsoft.AspNetCore")
            .AddOtlpExporter(options => Aim(options, config, "v1/traces"))
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(GenAi.Source)
            .AddOtlpExporter((options, reader) =>
            {
                Aim(options, config, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds =
                    config.MetricsSeconds * 1000;
            })
            .Build();
    }

    /// <summary>The exporter that is configured here or by OpenTelemetry's own variables; null for
    /// none.</summary>
    public static OtlpExport? Start(TelemetryConfig config, string version) =>
        (config.OtlpEndpoint ?? Environment.GetEnvironmentVariable(EndpointVariable)) is { Length: > 0 }
            ? new OtlpExport(config, version)
            : null;

    /// <summary>Sends what is waiting, for a few seconds at most.</summary>
    public void Dispose()
    {
        const int PatienceMs = 5000;
        _traces.ForceFlush(PatienceMs);
        _metrics.ForceFlush(PatienceMs);
        _traces.Dispose();
        _metrics.Dispose();
    }

    static void Aim(OtlpExporterOptions options, TelemetryConfig config, string path)
    {
        if (config.Headers.Count > 0)
            options.Headers = string.Join(',', config.Headers.Select(one => $"{one.Key}={one.Value}"));
        // Where the environment configures it, its own variables say how.
        if (config.OtlpEndpoint is not { } endpoint)
            return;
        var isGrpc = config.OtlpProtocol == "grpc";
        options.Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = new Uri(isGrpc ? endpoint : $"{endpoint.TrimEnd('/')}/{path}");
    }
}
