using System.Net;
using System.Text.Json.Nodes;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Engines;

/// <summary>Work that goes on without a request: an engine that is put to sleep or stopped loses it.</summary>
internal sealed partial class EngineClient
{
    private const int JobsPerPage = 100;

    /// <summary>Far more jobs than an engine keeps; the end of a list that never ends.</summary>
    private const int JobPagesMax = 100;

    /// <summary>Video jobs that wait or run; 0 for engines that have none.</summary>
    public async Task<int> CountUnfinishedJobsAsync(EngineTarget target, CancellationToken cancellationToken)
    {
        if (!EngineTraits.HasJobs(target.Model))
        {
            return 0;
        }

        var unfinished = 0;
        var after = "";
        for (var page = 0; page < JobPagesMax; page++)
        {
            var jobs = await ListJobsAsync(target, after, cancellationToken);
            unfinished += jobs.Count(job => job?["status"]?.ToString() is "queued" or "in_progress");
            after = jobs.Count < JobsPerPage ? "" : jobs[^1]?["id"]?.ToString() ?? "";
            if (after.Length == 0)
            {
                break;
            }
        }

        return unfinished;
    }

    private async Task<JsonArray> ListJobsAsync(EngineTarget target, string after, CancellationToken cancellationToken)
    {
        const string Path = "/v1/videos";
        var query = after.Length == 0 ? $"?limit={JobsPerPage}" : $"?limit={JobsPerPage}&after={Uri.EscapeDataString(after)}";
        using var request = Request(HttpMethod.Get, target.Address, Path + query, target.ApiKey, body: null);
        using var response = await _http.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            // It makes no videos: an audio model, say.
            return [];
        }

        await EnsureSuccessAsync(response, Path, cancellationToken);
        return (await ReadAsync(response, Path, cancellationToken))?["data"] as JsonArray
            ?? throw new EngineException($"{Path} answered without a list");
    }
}
