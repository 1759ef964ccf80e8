using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad;
using Podvirt.Testing.Nomad.Hcl;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>HCL: what is read, how it becomes JSON, and that nothing unknown slips through.</summary>
public sealed class JobFileTests
{
    [Fact]
    public void Variables_FillTheJobByTypeAndDefault()
    {
        var job = JobFile.Parse(
            """
            variable "id" { type = string }
            variable "count" {
              type    = number
              default = 2
            }
            variable "args" {
              type    = list(string)
              default = ["--one"]
            }
            variable "env" {
              type    = map(string)
              default = {}
            }
            locals {
              name = "podvirt-${var.id}"
            }
            job "x" {
              id          = local.name
              datacenters = ["dc1", "dc2"]
              group "g" {
                count = var.count == 0 ? 1 : var.count
                task "t" {
                  driver = "raw_exec"
                  env    = var.env
                  config {
                    command = "/bin/${var.id}"
                    args    = concat(var.args, jsondecode("[\"two\", 3]"))
                  }
                }
              }
            }
            """,
            """
            id  = "a"
            env = { A = "1", "b.c" : "2" }
            unknown = true
            """);

        var group = job["TaskGroups"]![0]!;
        Assert.Equal("podvirt-a", job["ID"]!.GetValue<string>());
        Assert.Equal(2, group["Count"]!.GetValue<long>());
        Assert.Equal("""{"command":"/bin/a","args":["--one","two",3]}""", group["Tasks"]![0]!["Config"]!.ToJsonString());
        Assert.Equal("""{"A":"1","b.c":"2"}""", group["Tasks"]![0]!["Env"]!.ToJsonString());
        Assert.Null(group["Constraints"]);
        Assert.True(group.AsObject().ContainsKey("Constraints"), "absent values are null, not left out");
    }

    [Fact]
    public void RuntimeNames_StayForTheClient()
    {
        var job = JobFile.Parse("""
            job "x" {
              group "g" {
                task "t" {
                  driver = "docker"
                  config {
                    args = ["${NOMAD_PORT_http}", "${node.unique.id}/${meta.rack}", "$${NOMAD_TASK_DIR}", "${env["HOME"]}"]
                  }
                }
              }
            }
            """);

        Assert.Equal(
            ["${NOMAD_PORT_http}", "${node.unique.id}/${meta.rack}", "${NOMAD_TASK_DIR}", "${env[\"HOME\"]}"],
            job["TaskGroups"]![0]!["Tasks"]![0]!["Config"]!["args"]!.AsArray().Select(static a => a!.GetValue<string>()));
    }

    [Fact]
    public void Blocks_BecomeNomadsJson()
    {
        var job = JobFile.Parse(
            """
            variable "gpus" {
              type    = number
              default = 1
            }
            job "x" {
              group "g" {
                network {
                  mode = "host"
                  port "http" {}
                  port "admin" { static = 9000 }
                }
                volume "data" {
                  type   = "host"
                  source = "weights"
                }
                constraint {
                  distinct_hosts = true
                }
                task "t" {
                  driver         = "docker"
                  kill_timeout   = "1m30s"
                  shutdown_delay = 5000000000
                  config {
                    mount {
                      type = "bind"
                    }
                  }
                  resources {
                    cpu = 100 # MHz
                    /* one block for each claim */
                    dynamic "device" {
                      for_each = var.gpus == 0 ? [] : [var.gpus]
                      labels   = ["nvidia/gpu"]
                      iterator = claim
                      content {
                        count = claim.value
                        constraint {
                          attribute = "${device.attr.memory}"
                          operator  = ">="
                          value     = "40 GiB"
                        }
                      }
                    }
                  }
                  template {
                    destination = "local/a"
                    data        = <<-EOT
                      one
                        "two" ${var.gpus}
                      EOT
                  }
                }
              }
            }
            """, "gpus = 2");

        var group = job["TaskGroups"]![0]!;
        var task = group["Tasks"]![0]!;
        Assert.Equal("http", group["Networks"]![0]!["DynamicPorts"]![0]!["Label"]!.GetValue<string>());
        Assert.Equal(9000, group["Networks"]![0]!["ReservedPorts"]![0]!["Value"]!.GetValue<long>());
        Assert.Equal("weights", group["Volumes"]!["data"]!["Source"]!.GetValue<string>());
        Assert.Equal("""{"LTarget":null,"RTarget":"true","Operand":"distinct_hosts"}""", group["Constraints"]![0]!.ToJsonString());
        Assert.Equal(90_000_000_000, task["KillTimeout"]!.GetValue<long>());
        Assert.Equal(5_000_000_000, task["ShutdownDelay"]!.GetValue<long>());
        Assert.Equal("""{"mount":[{"type":"bind"}]}""", task["Config"]!.ToJsonString());
        Assert.Equal("nvidia/gpu", task["Resources"]!["Devices"]![0]!["Name"]!.GetValue<string>());
        Assert.Equal(2, task["Resources"]!["Devices"]![0]!["Count"]!.GetValue<long>());
        Assert.Equal("${device.attr.memory}", task["Resources"]!["Devices"]![0]!["Constraints"]![0]!["LTarget"]!.GetValue<string>());
        Assert.Equal("one\n  \"two\" 2\n", task["Templates"]![0]!["EmbeddedTmpl"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("job \"x\" {\n  colour = 1\n}", "input.hcl:2,3-4: Unsupported argument; An argument named \"colour\" is not expected here.")]
    [InlineData("job \"x\" {\n  groop \"a\" {}\n}", "input.hcl:2,3-4: Unsupported block type; Blocks of type \"groop\" are not expected here.")]
    [InlineData("job \"x\" {\n  type = var.nope\n}", "Unset variable \"nope\"")]
    [InlineData("variable \"a\" {\n type = number\n}\njob \"x\" {\n priority = var.a\n}", "Unset variable \"a\"")]
    [InlineData("variable \"a\" {\n type = number\n default = \"x\"\n}\njob \"x\" {}", "not compatible with the variable's type constraint")]
    [InlineData("job \"x\" {\n type = \"a\n}", "Invalid multi-line string")]
    [InlineData("job \"x\" {\n type = \"a\" priority = 1\n}", "Missing newline after argument")]
    [InlineData("job \"x\" {\n type = \"a\"\n type = \"b\"\n}", "Attribute redefined")]
    [InlineData("job \"x\" {\n datacenters = nope([])\n}", "There is no function named \"nope\"")]
    [InlineData("job \"x\" {\n group \"g\" {\n shutdown_delay = \"5 seconds\"\n }\n}", "Unsuitable duration value")]
    [InlineData("job \"x\" {\n group {}\n}", "Missing name for group")]
    [InlineData("job \"x\" {", "Invalid expression")]
    [InlineData("variable \"a\" {}", "Missing job block")]
    public void MistakeInAFile_IsRefusedWithItsPlace(string hcl, string message) =>
        Assert.Contains(message, Assert.Throws<HclException>(() => JobFile.Parse(hcl)).Message, StringComparison.Ordinal);

    /// <summary>A file that is cut anywhere is refused or whole, and nothing but its own exception comes out.</summary>
    [Fact]
    public void FileCutAnywhere_FailsOnlyAsHcl()
    {
        var text = ClusterJobs.Text("nats");
        for (var length = 0; length < text.Length; length += 7)
        {
            Assert.Throws<HclException>(() => JobFile.Parse(text[..length], ClusterJobs.Variables["nats"]));
        }
    }

    [Fact]
    public async Task ParseCall_AnswersTheJobOrFourHundred()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        JsonObject Body(string hcl) => new() { ["JobHCL"] = hcl, ["Canonicalize"] = true };

        var job = await calls.PutAsync("/v1/jobs/parse", Body("job \"x\" {\n group \"g\" {\n task \"t\" {\n driver = \"docker\"\n }\n }\n}"));
        var wrong = await calls.SendAsync(HttpMethod.Post, "/v1/jobs/parse", Body("job \"x\" {\n colour = 1\n}"));
        var empty = await calls.SendAsync(HttpMethod.Post, "/v1/jobs/parse", Body(""));

        Assert.Equal("service", job["Type"]!.GetValue<string>());
        Assert.Equal(5_000_000_000, job["TaskGroups"]![0]!["Tasks"]![0]!["KillTimeout"]!.GetValue<long>());
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, wrong.Status);
        Assert.StartsWith("Failed to parse job: input.hcl:2,2-3: Unsupported argument", wrong.Text, StringComparison.Ordinal);
        Assert.Equal((System.Net.HttpStatusCode.BadRequest, "Job spec is empty"), (empty.Status, empty.Text));
    }
}
