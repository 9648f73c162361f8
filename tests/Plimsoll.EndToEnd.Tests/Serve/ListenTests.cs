using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Threading.Tasks;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>It listens where its configuration says, and nowhere else.</summary>
public sealed class ListenTests
{
    [Theory]
    [InlineData("{\"Kestrel\":{\"Endpoints\":{\"Y\":{\"Url\":\"http://127.0.0.1:PORT\"}}}}")]
    [InlineData("{\"Kestrel\": ")]
    public async Task Neither_the_environment_nor_the_folder_opens_a_port(string settings)
    {
        using var folder = new TemporaryFolder();
        var port = FreePort();
        var other = $"http://127.0.0.1:{port}";
        folder.File("appsettings.json", settings.Replace("PORT", $"{port}"));
        using var server = await ServeProcess.StartAsync(
            start =>
            {
                start.WorkingDirectory = folder.Path;
                foreach (var prefix in new[] { "", "ASPNETCORE_", "DOTNET_" })
                {
                    start.Environment[prefix + "URLS"] = other;
                    start.Environment[prefix + "Kestrel__Endpoints__X__Url"] = other;
                }
            },
            "--gpu", "h100_sxm", "--state", folder.File("state"));
        (await server.Client.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
        foreach (var open in IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners())
            open.Port.ShouldNotBe(port);
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
