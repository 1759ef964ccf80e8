using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway.Surfaces;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>, in OpenAI's shape.</summary>
internal sealed class ModelsHandler(Authenticator authenticator, RouteDirectory routes, Accounts accounts, TimeProvider time)
{
    // The API wants a creation time; what exists since this process began is as true as it gets.
    private readonly long _created = time.GetUtcNow().ToUnixTimeSeconds();

    public async Task ListAsync(HttpContext context)
    {
        if (await AuthenticateAsync(context) is not { } key)
        {
            return;
        }
        await WriteAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "list"u8);
            json.WriteStartArray("data"u8);
            foreach (var route in routes.Table.Models)
            {
                if (key.Allows(route.Model.Id))
                {
                    WriteModel(json, route);
                }
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    public async Task GetAsync(HttpContext context)
    {
        if (await AuthenticateAsync(context) is not { } key)
        {
            return;
        }
        // Some clients escape the slash of an id, and the host leaves that one escape as it is.
        var id = ((string?)context.Request.RouteValues["id"] ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if (!routes.TryFind(id, out var model))
        {
            await ApiErrorWriter.WriteReplyAsync(context, ApiErrors.UnknownModel(id));
            return;
        }
        if (!key.Allows(id))
        {
            await ApiErrorWriter.WriteReplyAsync(context, ApiErrors.ModelNotAllowed(id));
            return;
        }
        await WriteAsync(context, json => WriteModel(json, model.Route));
    }

    private async ValueTask<KeyAccount?> AuthenticateAsync(HttpContext context)
    {
        RequestIds.Assign(context, time);
        var (caller, refusal) = await authenticator.AuthenticateAsync(context);
        if (caller is null)
        {
            await ApiErrorWriter.WriteReplyAsync(context, refusal!);
            return null;
        }
        if (!await FirstNews.HasComeAsync(routes.FirstTable, time, context.RequestAborted))
        {
            await ApiErrorWriter.WriteReplyAsync(context, ApiErrors.NotReady);
            return null;
        }
        return accounts.KeyOf(caller);
    }

    private void WriteModel(Utf8JsonWriter json, ModelRoute route)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, route.Model.Id);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, _created);
        json.WriteString("owned_by"u8, route.Model.Vendor.Length == 0 ? "podvirt" : route.Model.Vendor);
        json.WriteEndObject();
    }

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        context.Response.ContentType = "application/json";
        await using (var json = new Utf8JsonWriter(context.Response.BodyWriter))
        {
            write(json);
        }
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
