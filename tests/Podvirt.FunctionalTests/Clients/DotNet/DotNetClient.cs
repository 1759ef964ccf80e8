using System.ClientModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpenAI;

namespace Podvirt.FunctionalTests.Clients.DotNet;

/// <summary>A client library for .NET: what its calls do is said by surface and way.</summary>
/// <param name="patient">With a network time-out that outlasts a long start.</param>
internal abstract class DotNetClient(string name, bool patient) : IApiClient
{
    public string Name => name;

    public IReadOnlyDictionary<string, Way[]> Surfaces => Calls.Keys.GroupBy(c => c.Surface, c => c.Way).ToDictionary(g => g.Key, g => g.ToArray());

    protected abstract IReadOnlyDictionary<(string Surface, Way Way), Func<OpenAIClient, Call, Watch, Task>> Calls { get; }

    public async Task<Seen> CallAsync(Call call, Action told)
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(call.BaseAddress, "v1") };
        if (patient)
        {
            options.NetworkTimeout = TimeSpan.FromMinutes(15);
        }
        using var watch = new Watch(call, told);
        try
        {
            await Calls[(call.Surface, call.Way)](new OpenAIClient(new ApiKeyCredential(call.Key), options), call, watch);
            return watch.Ended();
        }
        catch (OperationCanceledException) when (watch.Leaving.IsCancellationRequested)
        {
            return watch.Ended();
        }
        catch (Exception e)
        {
            return watch.Ended(Explain(e));
        }
    }

    private static Failure Explain(Exception error)
    {
        if (error is EventException told)
        {
            return new Failure("error event", null, told.Code, told.Message);
        }
        var refusal = error as ClientResultException;
        string? code = null;
        if (refusal?.GetRawResponse() is { } response)
        {
            try
            {
                code = (string?)JsonNode.Parse(response.Content)?["error"]?["code"];
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // A stream's content cannot be read again, and is no JSON.
                code = null;
            }
        }
        return new Failure(error.GetType().Name, refusal?.Status, code, error.Message);
    }
}
