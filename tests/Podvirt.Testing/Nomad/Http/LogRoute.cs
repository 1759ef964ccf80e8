using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Podvirt.Testing.Nomad.Tasks;

namespace Podvirt.Testing.Nomad.Http;

/// <summary><c>/v1/client/fs/logs/:alloc</c>: plain, or frames of base64. Following is not part of it.</summary>
internal sealed class LogRoute(TaskClient client)
{
    public async Task AnswerAsync(NomadRequest request, string id)
    {
        var task = request.Query("task") is { Length: > 0 } name ? name : throw new NomadErrorException(400, "must provide task name");
        var type = request.Query("type") is "stdout" or "stderr" ? request.Query("type") : throw new NomadErrorException(400, "must provide log type (stdout/stderr)");
        var origin = request.Query("origin") is { Length: > 0 } given ? given : "start";
        if (origin is not ("start" or "end"))
        {
            throw new NomadErrorException(400, "origin must be start or end");
        }
        var offset = request.Query("offset") is { Length: > 0 } text
            ? long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw new NomadErrorException(400, $"error parsing offset: {text}")
            : 0;
        var run = client.Find(id) ?? throw new NomadErrorException(404, $"Unknown allocation \"{id}\"");
        if (run.Allocation.Node.Status != "ready")
        {
            throw new NomadErrorException(404, "No path to node");
        }
        var found = run.Find(task) ?? throw new NomadErrorException(400, $"unknown task name \"{task}\"");
        var file = found.LogFile(type);
        if (!File.Exists(file))
        {
            throw new NomadErrorException(404, $"task \"{task}\" not started yet. No logs available");
        }
        await SendAsync(request.Context, file, origin == "end", offset, request.Truth("plain"));
    }

    private static async Task SendAsync(HttpContext context, string file, bool fromEnd, long offset, bool plain)
    {
        await using var log = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Position = Math.Clamp(fromEnd ? log.Length - offset : offset, 0, log.Length);
        context.Response.ContentType = plain ? "text/plain" : "application/json";
        if (plain)
        {
            await log.CopyToAsync(context.Response.Body, context.RequestAborted);
            return;
        }
        var buffer = new byte[64 * 1024];
        while (await log.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
        {
            await context.Response.WriteAsync(new JsonObject
            {
                ["Data"] = Convert.ToBase64String(buffer.AsSpan(0, read)),
                ["File"] = $"alloc/logs/{Path.GetFileName(file)}",
                ["Offset"] = log.Position,
            }.ToJsonString(), context.RequestAborted);
        }
    }
}
