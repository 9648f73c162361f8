using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Server.Api.Contract;
using Plimsoll.Server.Capture;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Metrics;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary>Health, version and metrics.</summary>
sealed class OperationEndpoints(
    Gate gate, ModelDirectory models, UpstreamEndpoints upstreams, LedgerBook book, TrafficCapture capture,
    string version)
{
    /// <summary>200 while requests are taken; 503 once the server drains, so that load balancers look
    /// elsewhere.</summary>
    public Task HealthAsync(HttpContext context)
    {
        context.Response.StatusCode = gate.IsDraining ? 503 : 200;
        return Task.CompletedTask;
    }

    public Task VersionAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new VersionBody(version), VersionJson.Default.VersionBody);

    public Task OpenApiAsync(HttpContext context) =>
        CompletionEndpoints.WriteJsonAsync(context, OpenApiDocument.Write(version));

    public async Task DocsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        await context.Response.WriteAsync(ContractPage.Write(version));
    }

    public async Task MetricsAsync(HttpContext context)
    {
        gate.AuthenticateAdmin(context);
        var text = new PrometheusText();
        foreach (var model in models.Local)
        {
            MetricsPage.Write(text, model);
            MetricsPage.WriteCosts(text, model.Name, book);
            MetricsPage.WriteDrafts(text, model.Name, book);
        }
        foreach (var model in upstreams.All)
        {
            MetricsPage.Write(text, model);
            MetricsPage.WriteCosts(text, model.Name, book);
        }
        foreach (var cascade in models.Cascades.Values)
            MetricsPage.Write(text, cascade);
        text.Gauge("plimsoll_requests_in_flight", "Requests being answered.", gate.Running);
        text.Counter("plimsoll_capture_lost_total", "Exchanges of tenants that opted in which were not kept.",
            capture.Lost);
        ProcessMetrics.Write(text);
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await context.Response.WriteAsync(text.ToString());
    }
}
