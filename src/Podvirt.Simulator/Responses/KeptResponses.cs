using System.Globalization;
using Podvirt.Simulator.Events;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Responses;

/// <summary>
/// <c>GET /v1/responses/{id}</c>, with <c>stream=true</c> the events of one that runs or ran in the background (after
/// <c>starting_after</c>), and <c>POST /v1/responses/{id}/cancel</c>.
/// </summary>
internal sealed class KeptResponses(ResponseStore store)
{
    public async Task GetAsync(HttpContext context)
    {
        var (id, response) = Find(context);
        if (context.Request.Query["stream"].ToString() is not ("true" or "True" or "1"))
        {
            await Json.ReplyAsync(context, response.Body);
            return;
        }

        if (!store.TryGetLog(id, out var log))
        {
            throw RequestException.Bad($"Unknown response_id: {id}", "response_id");
        }

        await log.CopyAsync(new ClientEvents(context), StartingAfter(context) + 1, context.RequestAborted);
    }

    public async Task CancelAsync(HttpContext context)
    {
        var (id, response) = Find(context);
        if (response.Cancelled is not { } cancelled || !store.TryCancel(id, response, cancelled))
        {
            throw ResponsesEndpoint.Refusal(StatusCodes.Status400BadRequest, "Cannot cancel a synchronous response.", "response_id");
        }

        await Json.ReplyAsync(context, cancelled.Body);
    }

    private (string Id, StoredResponse Response) Find(HttpContext context)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        return store.TryGet(id, out var response) ? (id, response) : throw ResponsesEndpoint.NotFound(id);
    }

    private static int StartingAfter(HttpContext context)
    {
        var text = context.Request.Query["starting_after"].ToString();
        if (text.Length == 0)
        {
            return -1;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < int.MaxValue
            ? number
            : throw RequestException.Malformed("Input should be a valid integer: starting_after", "starting_after");
    }
}
