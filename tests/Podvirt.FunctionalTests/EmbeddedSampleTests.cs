using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>The ten-line application of samples/Embedded.</summary>
public class EmbeddedSampleTests
{
    [Fact]
    public async Task SampleApplication_ServesTheSameStream()
    {
        var folder = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var start = new ProcessStartInfo(Checkout.Output("samples/Embedded", "Embedded"), ["--urls", "http://127.0.0.1:0"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["PODVIRT_API_KEY"] = PodvirtProcess.ApiKey;
        using var process = Process.Start(start)!;
        try
        {
            using var client = new HttpClient { BaseAddress = await AddressAsync(process) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", PodvirtProcess.ApiKey);
            var models = await client.GetFromJsonAsync<System.Text.Json.Nodes.JsonObject>("v1/models");
            var model = (string)models!["data"]![0]!["id"]!;
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
            {
                Content = JsonContent.Create(new { model, stream = true, messages = new[] { new { role = "user", content = "Hello" } } }),
            };
            using var stream = new SseReader(await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
            await stream.ReadAsync();
            Assert.True(stream.IsDone);
            Assert.True(stream.Text.Length > 20);
        }
        finally
        {
            await Tool.RunAsync("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            await process.WaitForExitAsync(timeout.Token);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Uri> AddressAsync(Process process)
    {
        const string Mark = "Now listening on: ";
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            var at = line.IndexOf(Mark, StringComparison.Ordinal);
            if (at >= 0)
            {
                // Its log goes on: read it, so that it never waits for a full pipe.
                _ = process.StandardOutput.ReadToEndAsync();
                return new Uri(line[(at + Mark.Length)..].Trim());
            }
        }
        throw new InvalidOperationException("The sample ended before it listened.");
    }
}
