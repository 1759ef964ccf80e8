using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podvirt.Scheduler.Runtimes.Nomad.Api;

/// <summary>One method for each call.</summary>
internal sealed partial class NomadClient
{
    private static readonly TimeSpan HeartbeatMax = TimeSpan.FromSeconds(75);

    /// <summary>A job file as a job.</summary>
    public Task<JsonObject> ParseAsync(string file, string variables, CancellationToken cancellationToken) => WriteAsync(
        HttpMethod.Post, "/v1/jobs/parse", "", new JobParseRequest(file, true, variables),
        NomadJson.Default.JobParseRequest, NomadJson.Default.JsonObject, cancellationToken);

    /// <param name="modifyIndex">What the job has to be at; 0: it must not be there yet.</param>
    public Task<JobRegisterAnswer> RegisterAsync(JsonObject job, ulong modifyIndex, CancellationToken cancellationToken) => WriteAsync(
        HttpMethod.Put, "/v1/jobs", "", new JobRegisterRequest(job, true, modifyIndex),
        NomadJson.Default.JobRegisterRequest, NomadJson.Default.JobRegisterAnswer, cancellationToken);

    /// <summary>Null: there is no such job.</summary>
    public async Task<JsonObject?> JobAsync(string job, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync($"/v1/job/{Uri.EscapeDataString(job)}", "", NomadJson.Default.JsonObject, cancellationToken);
        }
        catch (NomadException missing) when (missing.Failure == NomadFailure.NotFound)
        {
            return null;
        }
    }

    public async Task<List<JobStub>> JobsAsync(string prefix, CancellationToken cancellationToken) =>
        (await GetListAsync("/v1/jobs", $"prefix={Uri.EscapeDataString(prefix)}", 0, NomadJson.Default.ListJobStub, cancellationToken)).Value;

    /// <summary>Removes a job and its traces; one that is not there is as good.</summary>
    public async Task PurgeAsync(string job, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendAsync(
                HttpMethod.Delete, $"/v1/job/{Uri.EscapeDataString(job)}", "purge=true", null, TimeSpan.Zero, cancellationToken);
        }
        catch (NomadException missing) when (missing.Failure == NomadFailure.NotFound)
        {
            // Somebody was faster.
        }
    }

    /// <summary>One item of a variable; null: there is no such variable, or no such item in it.</summary>
    public async Task<string?> VariableAsync(string path, string item, CancellationToken cancellationToken)
    {
        try
        {
            return (await GetAsync($"/v1/var/{path}", "", NomadJson.Default.Variable, cancellationToken)).Items?.GetValueOrDefault(item);
        }
        catch (NomadException missing) when (missing.Failure == NomadFailure.NotFound)
        {
            return null;
        }
    }

    /// <summary>Writes a variable of one item, over whatever is there.</summary>
    public Task WriteVariableAsync(string path, string item, string value, CancellationToken cancellationToken) => WriteAsync(
        HttpMethod.Put, $"/v1/var/{path}", "", new Variable(path, _options.Namespace, new Dictionary<string, string> { [item] = value }),
        NomadJson.Default.Variable, NomadJson.Default.Variable, cancellationToken);

    /// <summary>One that is not there is as good.</summary>
    public async Task RemoveVariableAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendAsync(HttpMethod.Delete, $"/v1/var/{path}", "", null, TimeSpan.Zero, cancellationToken);
        }
        catch (NomadException missing) when (missing.Failure == NomadFailure.NotFound)
        {
            // Somebody was faster.
        }
    }

    public Task<NomadReply<List<Allocation>>> JobAllocationsAsync(string job, ulong index, CancellationToken cancellationToken) =>
        GetListAsync($"/v1/job/{Uri.EscapeDataString(job)}/allocations", "all=true", index, NomadJson.Default.ListAllocation, cancellationToken);

    public Task<NomadReply<List<Evaluation>>> JobEvaluationsAsync(string job, ulong index, CancellationToken cancellationToken) =>
        GetListAsync($"/v1/job/{Uri.EscapeDataString(job)}/evaluations", "", index, NomadJson.Default.ListEvaluation, cancellationToken);

    public Task<Evaluation> EvaluationAsync(string id, CancellationToken cancellationToken) =>
        GetAsync($"/v1/evaluation/{id}", "", NomadJson.Default.Evaluation, cancellationToken);

    public Task<Allocation> AllocationAsync(string id, CancellationToken cancellationToken) =>
        GetAsync($"/v1/allocation/{id}", "", NomadJson.Default.Allocation, cancellationToken);

    /// <summary>Every allocation of the namespace, with what was allocated.</summary>
    public Task<NomadReply<List<Allocation>>> AllocationsAsync(ulong index, CancellationToken cancellationToken) =>
        GetListAsync("/v1/allocations", "resources=true&task_states=true", index, NomadJson.Default.ListAllocation, cancellationToken);

    public Task<NomadReply<List<NodeStub>>> NodesAsync(ulong index, CancellationToken cancellationToken) =>
        GetListAsync("/v1/nodes", "", index, NomadJson.Default.ListNodeStub, cancellationToken);

    public Task<Node> NodeAsync(string id, CancellationToken cancellationToken) =>
        GetAsync($"/v1/node/{id}", "", NomadJson.Default.Node, cancellationToken);

    /// <summary>Everything that runs on a node, in any namespace that the token may see.</summary>
    public async Task<List<Allocation>> NodeAllocationsAsync(string id, CancellationToken cancellationToken) =>
        (await GetListAsync($"/v1/node/{id}/allocations", "", 0, NomadJson.Default.ListAllocation, cancellationToken)).Value;

    /// <summary>What a task wrote; asked for once, because whoever wants more asks again.</summary>
    /// <param name="stream"><c>stdout</c> or <c>stderr</c>.</param>
    /// <param name="offset">Bytes from the beginning, or from the end.</param>
    public async Task<byte[]> LogsAsync(string allocation, string task, string stream, bool fromEnd, long offset, CancellationToken cancellationToken)
    {
        var query = string.Create(
            CultureInfo.InvariantCulture,
            $"task={task}&type={stream}&origin={(fromEnd ? "end" : "start")}&offset={offset}&plain=true&follow=false");
        using var response = await SendAsync(
            HttpMethod.Get, $"/v1/client/fs/logs/{allocation}", query, null, TimeSpan.Zero, cancellationToken, attempts: 1);
        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    /// <summary>
    /// What happens from now on. The first line, mostly a heartbeat, says that it listens: whatever is listed after it has no gap to
    /// the events. It ends with its connection, and after a minute without a heartbeat.
    /// </summary>
    /// <exception cref="NomadException"><see cref="NomadFailure.NotFound"/>: this agent has no event stream.</exception>
    public async IAsyncEnumerable<EventLine> EventsAsync(string topics, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var silent = new CancellationTokenSource(HeartbeatMax, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(silent.Token, cancellationToken);
        using var request = Request(HttpMethod.Get, "/v1/event/stream", topics, null);
        using var response = await OpenAsync(request, both.Token, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(both.Token);
        using var reader = new StreamReader(body);
        while (await ReadLineAsync(reader, both.Token, cancellationToken) is { } line)
        {
            silent.CancelAfter(HeartbeatMax);
            if (line.Length > 0)
            {
                yield return Parse(line);
            }
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, CancellationToken limited, CancellationToken cancellationToken)
    {
        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limited);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                var trouble = await ReadErrorAsync(response, limited);
                // An agent of before the stream takes the path for one that it does not have, or for one of another method.
                var failure = response.StatusCode is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented
                    ? NomadFailure.NotFound
                    : NomadException.Classify(response.StatusCode, trouble) ?? NomadFailure.Unavailable;
                throw new NomadException(failure, $"Nomad's event stream: {trouble}");
            }
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NomadException(NomadFailure.Unavailable, "Nomad's event stream: no connection, or no answer on it, in time", exception);
        }
        catch (Exception exception) when (IsUnreachable(exception))
        {
            throw new NomadException(NomadFailure.Unavailable, $"Nomad's event stream: {exception.GetBaseException().Message}", exception);
        }
    }

    private static async Task<string?> ReadLineAsync(StreamReader reader, CancellationToken limited, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(limited);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NomadException(NomadFailure.Unavailable, $"Nomad's event stream: no heartbeat for {HeartbeatMax.TotalSeconds:0} s");
        }
        catch (Exception exception) when (exception is HttpRequestException or (IOException and not NomadException))
        {
            throw new NomadException(NomadFailure.Unavailable, $"Nomad's event stream: {exception.Message}", exception);
        }
    }

    private static EventLine Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, NomadJson.Default.EventLine) ?? new EventLine();
        }
        catch (JsonException exception)
        {
            throw new NomadException(NomadFailure.Unavailable, $"Nomad's event stream: a line that is no event: {exception.Message}", exception);
        }
    }
}
