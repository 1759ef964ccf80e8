namespace Podvirt.Testing.Nomad.Http;

/// <summary>One name for all requests of a kind: the method and the path with <c>:id</c> for what differs.</summary>
internal static class RouteNames
{
    private static readonly string[] s_single = ["/v1/job/", "/v1/allocation/", "/v1/evaluation/", "/v1/deployment/", "/v1/node/", "/v1/var/", "/v1/client/fs/logs/", "/v1/client/allocation/"];
    private static readonly string[] s_actions = ["/allocations", "/evaluations", "/deployments", "/plan", "/scale", "/stop", "/restart", "/drain", "/eligibility"];

    public static string Of(string method, string path)
    {
        var prefix = Array.Find(s_single, p => path.StartsWith(p, StringComparison.Ordinal));
        var action = Array.Find(s_actions, a => path.EndsWith(a, StringComparison.Ordinal));
        return prefix is null || path.Length <= prefix.Length ? $"{method} {path}" : $"{method} {prefix}:id{(prefix == "/v1/var/" ? "" : action)}";
    }
}
