namespace Podvirt.Simulator.Http;

/// <summary>Finds the endpoint of a request: paths of fixed text first, then those with a segment in braces.</summary>
internal sealed class RouteTable
{
    private readonly Dictionary<string, List<EngineRoute>> _fixed;
    private readonly List<(string[] Segments, EngineRoute Route)> _open;

    public RouteTable(IEnumerable<EngineRoute> routes)
    {
        var all = routes.ToLookup(route => route.Path.Contains('{', StringComparison.Ordinal));
        _fixed = all[false].GroupBy(route => route.Path).ToDictionary(group => group.Key, group => group.ToList());
        _open = [.. all[true].Select(route => (route.Path.Split('/'), route))];
    }

    /// <summary>The endpoint; what its open segments hold is put among the request's route values.</summary>
    /// <exception cref="RequestException">There is none: 404, or 405 when the path is known under another method.</exception>
    public EngineRoute Find(HttpRequest request, string path)
    {
        if (_fixed.TryGetValue(path, out var routes))
        {
            return routes.Find(route => route.Method == request.Method) ?? throw NotAllowed();
        }

        var segments = path.Split('/');
        var known = false;
        foreach (var (pattern, route) in _open)
        {
            if (!Fits(pattern, segments))
            {
                continue;
            }

            known = true;
            if (route.Method == request.Method)
            {
                Keep(request, pattern, segments);
                return route;
            }
        }

        throw known ? NotAllowed() : new RequestException(StatusCodes.Status404NotFound, "Not Found", "Not Found", null);
    }

    private static bool Fits(string[] pattern, string[] segments)
    {
        if (pattern.Length != segments.Length)
        {
            return false;
        }

        for (var i = 0; i < pattern.Length; i++)
        {
            if (IsOpen(pattern[i]) ? segments[i].Length == 0 : pattern[i] != segments[i])
            {
                return false;
            }
        }

        return true;
    }

    private static void Keep(HttpRequest request, string[] pattern, string[] segments)
    {
        for (var i = 0; i < pattern.Length; i++)
        {
            if (IsOpen(pattern[i]))
            {
                request.RouteValues[pattern[i][1..^1]] = segments[i];
            }
        }
    }

    private static bool IsOpen(string segment) => segment is ['{', .., '}'];

    private static RequestException NotAllowed() =>
        new(StatusCodes.Status405MethodNotAllowed, "Method Not Allowed", "Method Not Allowed", null);
}
