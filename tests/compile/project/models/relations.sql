select 1
-- {{ this }} {{ this.schema }} {{ this.identifier }} {{ this.include(schema=false) }} {{ this.type }}
-- {{ ref('base') }} {{ ref('pkg_model') }} {{ source('raw', 'orders') }} {{ source('raw', 'plain').schema }}
-- {{ api.Relation.create(schema='s', identifier='i') }} {{ api.Column.create('a', 'integer') }}
