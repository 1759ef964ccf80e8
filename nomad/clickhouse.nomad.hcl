# ClickHouse, one server: the ledger's records, rollups and invoices. While it is away usage waits in the stream.
#
# Before the first run, one Nomad variable holds what the server must know and nobody else may (see `nomad var put`):
#   nomad/jobs/podvirt-clickhouse   password (of the user podvirt)

variable "image" {
  type        = string
  default     = "clickhouse/clickhouse-server:26.7"
  description = "24.8 or newer, pinned."
}

variable "datacenters" {
  type        = list(string)
  default     = ["*"]
  description = "Where the server may run."
}

variable "node_pool" {
  type        = string
  default     = "default"
  description = "Pool of the machine that has the volume."
}

variable "private_network" {
  type        = string
  default     = "default"
  description = "Name of the agents' host_network that Podvirt's own processes reach and clients do not."
}

variable "volume" {
  type        = string
  default     = "podvirt-clickhouse"
  description = "The agent's host volume for the data; the machine that offers it is where the server runs."
}

variable "cpu" {
  type        = number
  default     = 8000
  description = "MHz of the server."
}

variable "memory" {
  type        = number
  default     = 16384
  description = "MiB of the server."
}

job "podvirt-clickhouse" {
  type        = "service"
  datacenters = var.datacenters
  node_pool   = var.node_pool
  priority    = 70

  update {
    max_parallel      = 1
    health_check      = "checks"
    min_healthy_time  = "10s"
    healthy_deadline  = "10m"
    progress_deadline = "15m"
  }

  group "clickhouse" {
    count = 1

    restart {
      attempts = 10
      interval = "10m"
      delay    = "5s"
      mode     = "delay"
    }

    # Its data is on its machine: a second server beside it would be an empty one.
    reschedule {
      attempts  = 0
      unlimited = false
    }

    disconnect {
      lost_after = "24h"
      replace    = false
    }

    ephemeral_disk {
      size = 500
    }

    network {
      mode = "host"

      port "http" {
        static       = 8123
        host_network = var.private_network
      }
    }

    volume "data" {
      type   = "host"
      source = var.volume
    }

    service {
      name     = "podvirt-clickhouse"
      port     = "http"
      provider = "nomad"

      check {
        name     = "answers"
        type     = "http"
        path     = "/ping"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "clickhouse" {
      driver       = "docker"
      kill_signal  = "SIGTERM"
      kill_timeout = "60s"

      config {
        image        = var.image
        network_mode = "host"

        ulimit {
          nofile = "262144:262144"
        }

        mount {
          type     = "bind"
          source   = "local/listen.xml"
          target   = "/etc/clickhouse-server/config.d/listen.xml"
          readonly = true
        }
      }

      volume_mount {
        volume      = "data"
        destination = "/var/lib/clickhouse"
      }

      env {
        CLICKHOUSE_USER = "podvirt"
        CLICKHOUSE_DB   = "podvirt"
      }

      template {
        destination = "secrets/clickhouse.env"
        env         = true
        perms       = "0400"
        change_mode = "restart"
        data        = <<EOT
{{ with nomadVar "nomad/jobs/podvirt-clickhouse" }}
CLICKHOUSE_PASSWORD={{ .password.Value | toJSON }}
{{ end }}
EOT
      }

      # On the private network alone, and over HTTP alone.
      template {
        destination = "local/listen.xml"
        change_mode = "restart"
        data        = <<EOT
<clickhouse>
  <listen_host replace="1">{{ env "NOMAD_IP_http" }}</listen_host>
  <http_port>8123</http_port>
  <tcp_port remove="1"/>
  <mysql_port remove="1"/>
  <postgresql_port remove="1"/>
  <interserver_http_port remove="1"/>
</clickhouse>
EOT
      }

      logs {
        max_files     = 5
        max_file_size = 20
      }

      resources {
        cpu    = var.cpu
        memory = var.memory
      }
    }
  }
}
