using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Http;

/// <summary><c>/v1/var/:path</c> and <c>/v1/vars</c>, with <c>cas=</c>; without locks.</summary>
internal sealed class VariableRoutes(NomadState state, BlockingQuery query)
{
    public Task<NomadAnswer> ListAsync(NomadRequest request) => query.ListAsync(request, "variables", s => s.Variables
        .Where(v => request.Sees(v.Key.Namespace) && v.Key.Path.StartsWith(request.Query("prefix"), StringComparison.Ordinal))
        .Select(static v => Write(v.Key, v.Value, items: false)));

    public Task<NomadAnswer> GetAsync(NomadRequest request, string path) => query.RunAsync(request, s =>
        s.Variables.TryGetValue((request.Namespace, path), out var variable)
            ? (Write((request.Namespace, path), variable, items: true), variable.ModifyIndex)
            : (null, s.Tables.GetValueOrDefault("variables")), "variable not found");

    public async Task<NomadAnswer> SetAsync(NomadRequest request, string path)
    {
        var body = await request.BodyAsync();
        if (body["Items"] is not JsonObject { Count: > 0 } items)
        {
            throw new NomadErrorException(400, "variable missing required Items object");
        }
        return Change(request, path, (write, key, existing) =>
        {
            var variable = new VariableRecord { Items = items.ToDictionary(static e => e.Key, static e => Json.Text(e.Value)), CreateIndex = existing?.CreateIndex ?? 0 };
            write.Variable(key.Namespace, key.Path, variable);
            return Write(key, variable, items: true);
        });
    }

    public NomadAnswer Delete(NomadRequest request, string path) => Change(request, path, static (write, key, _) =>
    {
        write.RemoveVariable(key.Namespace, key.Path);
        return null;
    });

    private NomadAnswer Change(NomadRequest request, string path, Func<NomadWrite, (string Namespace, string Path), VariableRecord?, JsonNode?> change)
    {
        var key = (request.Namespace, path);
        var compare = request.Query("cas");
        var answer = default(JsonNode);
        state.Write(write =>
        {
            var existing = state.Variables.GetValueOrDefault(key);
            if (compare.Length > 0 && ulong.Parse(compare, CultureInfo.InvariantCulture) != (existing?.ModifyIndex ?? 0))
            {
                request.Context.Response.StatusCode = StatusCodes.Status409Conflict;
                answer = existing is null ? new JsonObject { ["Namespace"] = key.Namespace, ["Path"] = path, ["ModifyIndex"] = 0 } : Write(key, existing, items: true);
                return;
            }
            answer = change(write, key, existing);
        });
        return new NomadAnswer(answer, state.Index);
    }

    private static JsonObject Write((string Namespace, string Path) key, VariableRecord variable, bool items)
    {
        var json = new JsonObject
        {
            ["Namespace"] = key.Namespace,
            ["Path"] = key.Path,
            ["CreateIndex"] = variable.CreateIndex,
            ["ModifyIndex"] = variable.ModifyIndex,
        };
        if (items)
        {
            json["Items"] = Json.Map(variable.Items, static v => JsonValue.Create(v));
        }
        return json;
    }
}
